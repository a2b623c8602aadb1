"""The ensemble resident on a CUDA device."""

from nets.engine.cuda.device import Cuda
from nets.engine.cuda.engine import CudaEngine

__all__ = ["Cuda", "CudaEngine"]
