"""Steadies the probability over time, along the scene's own motion.

Frame by frame an ensemble changes its mind about outlines and faint spots. What it said of a frame
is carried to where that part of the scene has moved to, and fills in where it says less now: the
less, the longer ago it is and the less the picture there resembles what was carried. It never
takes away, so that nothing is shown later for it.
"""

import math
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Picture, Rect
from nets.view.thumbnail import eight_bits
from stream.prediction import Prediction

Map = NDArray[np.float32]

SIDE = 192
"""Rows and columns of the pictures by which motion is found. A synthetic scene moves by 1.3 % of
its sides from frame to frame; by these it is found to within 0.2 %, by 128 to within 0.3 %."""

UNLIKE = 16.0
"""Levels of luma by which what was carried is off on average where it counts for 1/e."""

AROUND = 7
"""Rows and columns over which that is averaged."""

FAINT = 0.1
"""Where nothing has reached this far there is nothing to carry."""


class _Before(NamedTuple):
    """What is kept of the frame before."""

    steady: Map
    seen: NDArray[np.uint8]
    extent: Rect
    seconds: Fraction


class Smoother:
    """Fills in each frame's map from those before it; no frame has to wait for a later one."""

    def __init__(self, time_constant_s: float) -> None:
        """Start with nothing remembered.

        Args:
            time_constant_s: after so many seconds what was said counts for 1/e; above 0.
        """
        self._time_constant_s = time_constant_s
        self._before: _Before | None = None
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)

    def update(self, prediction: Prediction, picture: Picture, seconds: Fraction) -> Prediction:
        """The prediction with the steadied map; it starts anew where the view moves.

        Args:
            prediction: of the next frame.
            picture: that frame's planes.
            seconds: media time of that frame.
        """
        extent, latest = prediction.extent, prediction.probability
        before, seen = self._before, _small_luma(picture, extent)
        steady = latest
        if (
            before is not None
            and before.extent == extent
            and before.steady.shape == latest.shape
            and float(before.steady.max()) >= FAINT
        ):
            steady = self._filled(latest, seen, before, float(seconds - before.seconds))
        self._before = _Before(steady, seen, extent, seconds)
        return replace(prediction, probability=steady)

    def _filled(self, latest: Map, seen: NDArray[np.uint8], before: _Before, passed: float) -> Map:
        flow: Map = self._flow.calc(seen, before.seen, None)  # type: ignore[call-overload]
        off = np.abs(_carried(before.seen.astype(np.float32), flow) - seen)
        off = np.asarray(cv2.blur(off, (AROUND, AROUND)), np.float32)
        height, width = latest.shape
        if (height, width) != seen.shape:
            scale = np.array([width / SIDE, height / SIDE], np.float32)
            flow = np.asarray(cv2.resize(flow, (width, height)), np.float32) * scale
            off = np.asarray(cv2.resize(off, (width, height)), np.float32)
        kept = np.exp(off / np.float32(-UNLIKE))
        kept *= np.float32(math.exp(-max(passed, 0.0) / self._time_constant_s))
        steady: Map = latest + np.maximum(_carried(before.steady, flow) - latest, 0) * kept
        return steady


def _small_luma(picture: Picture, extent: Rect) -> NDArray[np.uint8]:
    """(SIDE, SIDE): the luma of what the map covers."""
    luma = eight_bits(picture.planes[0][extent.slices()], picture)
    return np.asarray(cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _carried(before: Map, flow: Map) -> Map:
    """What was there before, where it is now; `flow` leads from each sample now to then."""
    height, width = flow.shape[:2]
    columns, rows = cv2.split(flow + _places(height, width))
    carried = cv2.remap(before, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(carried, np.float32)


@lru_cache(maxsize=8)
def _places(height: int, width: int) -> Map:
    """(height, width, 2): each sample's own column and row."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.ascontiguousarray(np.dstack([columns, rows]))
