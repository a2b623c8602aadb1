"""Inference that cannot stop the picture: the engine runs in a process that can be ended.

`InferenceProcess` is the handle in the main process, which so needs no network library.
"""

from stream.inference.answer import Answer, EngineEvent, EngineFacts, InferenceSettings
from stream.inference.process import InferenceProcess

__all__ = ["Answer", "EngineEvent", "EngineFacts", "InferenceProcess", "InferenceSettings"]
