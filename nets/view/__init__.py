"""Where in a frame the endoscope's picture is, which is what a network wants to be shown.

It stands beside preprocessing because training, evaluation and video must find it alike.
"""

from nets.view.finder import find_view

__all__ = ["find_view"]
