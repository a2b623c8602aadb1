"""Where on a processor's screen the endoscope's picture is, in one frame and over a recording."""

from stream.view.finder import find_view
from stream.view.tracker import ViewFinder, parse_view

__all__ = ["ViewFinder", "find_view", "parse_view"]
