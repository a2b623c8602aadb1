"""A room's window, in a process of its own: a display that hangs or dies stops nothing else."""

from stream.live.window.actions import Action
from stream.live.window.gui import HighGui, Opener, has_display
from stream.live.window.messages import Place, Sign
from stream.live.window.window import Desk, Window

__all__ = ["Action", "Desk", "HighGui", "Opener", "Place", "Sign", "Window", "has_display"]
