"""Recording a live source: on and off at any time, and never in the way of the picture."""

from stream.recording.blanking import Blanking
from stream.recording.disk import MARGIN_BYTES
from stream.recording.limits import parse_duration, parse_size
from stream.recording.names import base_name, checked_label, reserve
from stream.recording.options import LIVE_ENCODING, About, RecordingOptions
from stream.recording.recording import LiveRecording
from stream.recording.shown import ShownFrame

__all__ = [
    "LIVE_ENCODING",
    "MARGIN_BYTES",
    "About",
    "Blanking",
    "LiveRecording",
    "RecordingOptions",
    "ShownFrame",
    "base_name",
    "checked_label",
    "parse_duration",
    "parse_size",
    "reserve",
]
