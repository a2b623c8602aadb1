"""A frame as a window shows it: by its own colour, as large as fits, black beside it."""

from fractions import Fraction

import cv2
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from nets.picture import Rect
from stream.frame import Frame, decoded_of
from stream.live.window.gui import Bgr
from stream.source.conversion import SWSCALE_MATRIX


class Canvas:
    """Paints frames of one source; keeps what that needs from frame to frame."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def paint(self, frame: Frame, aspect: Fraction, width: int, height: int) -> Bgr:
        """(height, width, 3) uint8 BGR, nobody else's.

        Args:
            frame: to show.
            aspect: width of its samples divided by their height.
            width: of the window's picture.
            height: of it.
        """
        place = fitting(frame.picture.width * aspect, frame.picture.height, width, height)
        painted = self._converted(frame, place.width, place.height)
        if painted.shape[:2] != (place.height, place.width):
            painted = np.asarray(cv2.resize(painted, (place.width, place.height)), np.uint8)
        if (place.width, place.height) == (width, height):
            return painted
        whole = np.zeros((height, width, 3), np.uint8)
        whole[place.slices()] = painted
        return whole

    def _converted(self, frame: Frame, width: int, height: int) -> Bgr:
        """BGR, made smaller on the way where it has to be; larger is quicker afterwards."""
        picture = frame.picture
        width, height = min(width, picture.width), min(height, picture.height)
        native = decoded_of(frame)
        matrix = SWSCALE_MATRIX[picture.colour.matrix]
        converted = self._reformatter.reformat(
            native,
            width,
            height,
            "bgr24",
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG if picture.colour.full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA,
        )
        return np.ascontiguousarray(converted.to_ndarray())


def fitting(picture_width: Fraction, picture_height: int, width: int, height: int) -> Rect:
    """Where a picture lies in a window that it fits into, as large as it can be.

    >>> fitting(Fraction(720), 576, 1920, 1080)
    Rect(x=285, y=0, width=1350, height=1080)
    """
    scale = min(Fraction(width) / picture_width, Fraction(height, picture_height))
    inner_width = min(max(round(picture_width * scale), 1), width)
    inner_height = min(max(round(picture_height * scale), 1), height)
    return Rect((width - inner_width) // 2, (height - inner_height) // 2, inner_width, inner_height)
