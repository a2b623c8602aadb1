"""Words on a picture's own planes, legible in every layout: light on a dark box, no colour."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Colour, Layout, Picture, Plane, Rect
from stream.redact import blank_levels

LINES_PER_HEIGHT = 32
"""A capital is so many times smaller than the frame: 34 lines high on 1080."""

SMALLEST_HEIGHT = 12
FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_HEIGHT = 22.0
"""Lines of a capital of this font at scale 1."""


def write_notice(picture: Picture, text: str, view: Rect) -> None:
    """Write a line into the upper left corner of the view, in place.

    That corner is black on most endoscopes' screens, and beside the picture no eye would see it.

    Args:
        picture: nobody else's yet; everything outside the box stays as it is.
        text: in ASCII.
        view: the endoscope's picture.
    """
    height = max(SMALLEST_HEIGHT, picture.height // LINES_PER_HEIGHT)
    stamp = _stamp(text, height)
    across, down = 1 << picture.layout.chroma_shift_x, 1 << picture.layout.chroma_shift_y
    left = min(view.x + height // 2, max(picture.width - stamp.shape[1], 0)) // across * across
    top = min(view.y + height // 2, max(picture.height - stamp.shape[0], 0)) // down * down
    box = Rect(left, top, stamp.shape[1], stamp.shape[0])
    here = picture.crop(picture.aligned(box))
    luma, *chroma = here.planes
    luma[...] = _levels(here.layout, here.colour)[stamp[: luma.shape[0], : luma.shape[1]]]
    _, *neutral = blank_levels(here.layout, here.colour)
    for plane, grey in zip(chroma, neutral, strict=False):
        plane[...] = grey


@lru_cache(maxsize=256)
def _stamp(text: str, height: int) -> NDArray[np.uint8]:
    """(h, w) uint8, even sides: how much of each sample is letter."""
    scale, thick = height / FONT_HEIGHT, max(1, round(height / 11))
    (width, _), below = cv2.getTextSize(text, FONT, scale, thick)
    stamp = np.zeros(((2 * height + below // 2 + 1) & ~1, (width + height + 1) & ~1), np.uint8)
    where = (height // 2, height + height // 2)
    cv2.putText(stamp, text, where, FONT, scale, (255,), thick, cv2.LINE_AA)
    stamp.setflags(write=False)
    return stamp


@lru_cache(maxsize=32)
def _levels(layout: Layout, colour: Colour) -> Plane:
    """Luma from the box's black to the letters' white for each share of letter."""
    black, *_ = blank_levels(layout, colour)
    white = (
        (1 << layout.bits) - 1 if colour.full_range else 235 << (layout.bits - 8)
    ) << layout.shift
    return np.rint(np.linspace(black, white, 256)).astype(layout.dtype)
