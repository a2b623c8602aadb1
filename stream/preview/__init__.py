"""The browser preview: a page with the annotated pictures, served by a process of its own."""

from stream.preview.listening import Listening, listen
from stream.preview.preview import Preview

__all__ = ["Listening", "Preview", "listen"]
