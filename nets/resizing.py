"""One plane of samples at a network's size: OpenCV's filters, finer than the samples were."""

import threading
from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from nets.picture import Plane

INTERPOLATION = {
    "area": cv2.INTER_AREA,
    "bilinear": cv2.INTER_LINEAR,
    "nearest": cv2.INTER_NEAREST,
}
"""OpenCV's filters by the names that contracts give them."""

EXTRA_BITS = 8
"""8-bit samples gain these by `resize_plane`: rounded to whole levels, three planes together
could be three levels off in colour."""

SCALERS_KEPT = 16
"""Scaling contexts a thread keeps: one for each size of plane that comes by."""


class _Scalers(threading.local):
    """Scaling contexts by the sizes they scale from and to; they are not for two threads."""

    def __init__(self) -> None:
        self.of_thread: dict[tuple[tuple[int, ...], tuple[int, int]], VideoReformatter] = {}


_scalers = _Scalers()


def resize_plane(plane: Plane, size: tuple[int, int], resize: str) -> Plane:
    """A plane at another size by an averaging filter.

    Args:
        plane: (H, W) uint8 or uint16.
        size: (width, height) of the result.
        resize: `area` or `bilinear`.

    Returns:
        (height, width) uint16: an 8-bit plane's samples times 2 to the power of `EXTRA_BITS`, a
        deeper one's as they are.
    """
    if plane.dtype != np.uint8:
        return np.asarray(cv2.resize(plane, size, interpolation=INTERPOLATION[resize]))
    shrinks = plane.shape[1] >= size[0] and plane.shape[0] >= size[1]
    # A plane of that size already is not scaled by swscale but converted, by another rule.
    if resize == "area" and shrinks and plane.shape != size[::-1]:
        return _area_mean(plane, size)
    fine = np.multiply(plane, 1 << EXTRA_BITS, dtype=np.uint16)
    return np.asarray(cv2.resize(fine, size, interpolation=INTERPOLATION[resize]))


def _area_mean(plane: Plane, size: tuple[int, int]) -> Plane:
    """What OpenCV's INTER_AREA computes, by swscale: within 0.03 of a level, several times faster.

    One plane of grey samples has no colour to convert and no chroma to place.
    """
    scalers = _scalers.of_thread
    scaler = scalers.get((plane.shape, size))
    if scaler is None:
        if len(scalers) >= SCALERS_KEPT:
            scalers.clear()
        scaler = scalers[plane.shape, size] = VideoReformatter()
    grey = av.VideoFrame.from_numpy_buffer(plane, "gray")
    scaled = scaler.reformat(
        grey,
        *size,
        "gray16le",
        interpolation=Interpolation.AREA,
        threads=1,  # more wait for each other behind whatever else the cores do
    )
    small = scaled.planes[0]
    memory: Any = small  # a buffer, which its stub does not say
    return np.frombuffer(memory, "<u2").reshape(small.height, -1)[:, : size[0]]


def pick_nearest(
    plane: Plane, size: tuple[int, int], luma: tuple[int, int], shift: tuple[int, int]
) -> Plane:
    """A plane's samples at exactly the luma samples that OpenCV's nearest picks.

    Args:
        plane: (h, w) luma or chroma.
        size: (width, height) of the result.
        luma: (H, W) of the luma plane.
        shift: log2 of luma samples per sample of this plane, down and across.

    Returns:
        (height, width), the plane's type.
    """
    rows = _nearest_indices(luma[0], size[1]) >> shift[0]
    columns = _nearest_indices(luma[1], size[0]) >> shift[1]
    return np.asarray(plane[rows[:, None], columns[None, :]])


@lru_cache(maxsize=64)
def _nearest_indices(length: int, wanted: int) -> NDArray[np.int64]:
    """Which samples OpenCV's nearest picks: asked of OpenCV, whose releases differ."""
    positions = np.arange(length, dtype=np.float32)[None, :]
    picked = cv2.resize(positions, (wanted, 1), interpolation=cv2.INTER_NEAREST)[0]
    return np.asarray(picked, np.int64)
