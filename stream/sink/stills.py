"""Frames as PNG: what was seen, and where it was polyp."""

import numpy as np
from numpy.typing import NDArray

from nets.preprocessing import rgb_of
from stream.frame import Frame
from stream.prediction import Mask


def still_of(frame: Frame) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR: the frame by its own matrix and range, at its own size."""
    return np.ascontiguousarray(rgb_of(frame.picture)[..., ::-1])


def mask_picture(frame: Frame, mask: Mask) -> NDArray[np.uint8]:
    """(H, W) uint8 at the frame's size: 255 on polyp, 0 elsewhere, nothing in between."""
    whole = np.zeros((frame.picture.height, frame.picture.width), np.uint8)
    whole[mask.box.slices()] = mask.inside
    return whole
