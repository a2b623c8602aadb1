"""A frame as a picture for a browser: small, and JPEG."""

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Picture
from nets.preprocessing import Preprocessing, prepare_planes, rgb_of

LARGEST = 960
"""Samples along the longer side."""

SMALLEST = 32
QUALITY = 80


def jpeg_of(picture: Picture) -> bytes:
    """The picture by its own colour, no side longer than `LARGEST`, as JPEG."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    encoded: NDArray[np.uint8] = cv2.imencode(".jpg", _small(picture), settings)[1]
    return encoded.tobytes()


def _small(picture: Picture) -> NDArray[np.uint8]:
    """(h, w, 3) uint8, blue first."""
    scale = LARGEST / max(picture.width, picture.height)
    if scale >= 1:
        return np.ascontiguousarray(rgb_of(picture)[..., ::-1])
    width, height = (max(SMALLEST, round(side * scale)) for side in (picture.width, picture.height))
    wanted = Preprocessing(height=height, width=width, resize="area", order="bgr")
    return prepare_planes(picture, wanted)
