"""Recording a live source: on and off at any time, and never in the way of the picture."""

from stream.recording.limits import parse_duration, parse_size
from stream.recording.options import LIVE_ENCODING, About, RecordingOptions
from stream.recording.recording import LiveRecording
from stream.recording.shown import ShownFrame

__all__ = [
    "LIVE_ENCODING",
    "About",
    "LiveRecording",
    "RecordingOptions",
    "ShownFrame",
    "parse_duration",
    "parse_size",
]
