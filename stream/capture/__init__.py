"""Capture that cannot hang the program: a source is read in a process that can be ended.

`Capture` is the handle in the main process.
"""

from stream.capture.capture import Capture
from stream.capture.options import CaptureOptions
from stream.source.arrival import CapturedPacket, GivenFormat
from stream.source.asked import Asked

__all__ = ["Asked", "Capture", "CaptureOptions", "CapturedPacket", "GivenFormat"]
