"""The endoscope's view in a still picture, found as in video."""

import cv2

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from nets.preprocessing import Rgb


def find_view_in(rgb: Rgb) -> Rect:
    """Find the endoscope's picture in a frame.

    Args:
        rgb: (H, W, 3) uint8.

    Returns:
        Its rectangle; the whole frame where there is none to be told.
    """
    from nets.view.finder import find_view

    luma, red, blue = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))  # full range, as JPEG has
    picture = Picture((luma, blue, red), LAYOUTS["yuv444p"], Colour(Matrix.BT601, full_range=True))
    return find_view(picture) or picture.whole
