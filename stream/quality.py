"""Whether a frame shows a picture that anyone, or any network, could find a polyp in.

Three cheap measures on the view's luma, shrunk to one size so that they mean the same at every
resolution. The limits were set by eye on sorted frames of colonoscopies from three hospitals
and two recordings: they name what is useless, and leave alone what is merely poor.
"""

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Colour, Layout, Picture, Plane

SIDE = 256
RIM = 16
"""Samples at the edge of the shrunk view that are left out: its dark corners are sharp always."""

BLURRED_BELOW = 16.0
"""Variance of the Laplacian, in squared levels of 255: mucosa out of focus, under water or pressed
against the lens has 7 to 16, with its vessels just visible 19 and more, usual frames 230."""

NEAR_WHITE = 240.0
BLOWN_OUT_FROM = 0.3
"""Share of the view near white; of usable frames the worst had 0.17."""

DARK_BELOW = 16.0
"""Mean level of 255."""


class Fault(StrEnum):
    """Why a frame shows no usable picture."""

    NO_VIEW = "no view"
    DARK = "too dark"
    BLOWN_OUT = "blown out"
    BLURRED = "blurred"


def judge(view: Picture) -> Fault | None:
    """What is wrong with a view's picture, or None.

    Args:
        view: the frame's picture cropped to the endoscope's view.
    """
    levels = _levels(view.planes[0], view.layout, view.colour)
    if levels.mean() < DARK_BELOW:
        return Fault.DARK
    if np.count_nonzero(levels >= NEAR_WHITE) >= BLOWN_OUT_FROM * levels.size:
        return Fault.BLOWN_OUT
    edges = cv2.Laplacian(levels, cv2.CV_32F)[RIM:-RIM, RIM:-RIM]
    return Fault.BLURRED if edges.var() < BLURRED_BELOW else None


def _levels(luma: Plane, layout: Layout, colour: Colour) -> NDArray[np.float32]:
    """The view's luma at one size, 0 black to 255 white."""
    small = cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small /= float(1 << (layout.bits - 8 + layout.shift))
    if not colour.full_range:
        small = np.clip((small - 16.0) * (255.0 / 219.0), 0.0, 255.0)
    return small
