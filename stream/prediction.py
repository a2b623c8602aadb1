"""What the ensemble said of a frame, and the mask that follows from it at the frame's size."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect

Region = Rect
"""Bounding box of one connected piece of a mask, in luma samples of the frame."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The ensemble's answer for one frame.

    Attributes:
        frame_index: the frame it was made from.
        view: the endoscope's picture in that frame.
        extent: what the grid covers: the view, or the whole frame.
        probability: (h, w) float32 in [0, 1] on the bundle's grid: how likely each is polyp.
        made_at: monotonic seconds when it was ready.
        took_s: seconds from the prepared input to the answer, shared by its batch.
    """

    frame_index: int
    view: Rect
    extent: Rect
    probability: NDArray[np.float32]
    made_at: float
    took_s: float


@dataclass(frozen=True, slots=True)
class Mask:
    """Where a frame is polyp.

    Attributes:
        view: the endoscope's picture, outside of which nothing is polyp.
        box: the part of the frame that holds the whole mask; empty where there is none.
        inside: (box.height, box.width) uint8, 255 on polyp and 0 elsewhere.
        regions: bounding boxes of the connected pieces, the largest first.
        sizes: samples in each region.
        peaks: highest probability in each region.
        peak: highest probability in the view.
    """

    view: Rect
    box: Rect
    inside: NDArray[np.uint8]
    regions: tuple[Region, ...]
    sizes: tuple[int, ...]
    peaks: tuple[float, ...]
    peak: float

    @property
    def fraction(self) -> float:
        """Share of the view that is polyp."""
        return sum(self.sizes) / self.view.area if self.view.area else 0.0


def find_mask(prediction: Prediction, threshold: float, smallest: float = 0.0) -> Mask:
    """Bring a prediction to the frame and cut it at a threshold.

    The map is interpolated bilinearly from the grid to the luma samples, as OpenCV's resize
    does it, and only where it can pass the threshold.

    Args:
        prediction: on the bundle's grid.
        threshold: a sample is polyp above it.
        smallest: regions below this share of the view are left out.
    """
    probability, view, extent = prediction.probability, prediction.view, prediction.extent
    peak = float(probability.max(initial=0.0))
    nothing = Mask(view, Rect(view.x, view.y, 0, 0), np.zeros((0, 0), np.uint8), (), (), (), peak)
    rows, columns = (np.flatnonzero((probability > threshold).any(axis)) for axis in (1, 0))
    if rows.size == 0:
        return nothing
    high, wide = probability.shape
    top, bottom = _reach(rows, extent.height, high)
    left, right = _reach(columns, extent.width, wide)
    # Even corners keep the mask on the chroma grid of every layout that travels.
    left, top = (extent.x + left) & ~1, (extent.y + top) & ~1
    right, bottom = extent.x + right, extent.y + bottom
    left, top = max(left, view.x), max(top, view.y)
    right, bottom = min(right, view.x + view.width), min(bottom, view.y + view.height)
    if right <= left or bottom <= top:
        return nothing
    box = Rect(left, top, right - left, bottom - top)
    map_here = _interpolated(probability, extent, box)
    inside = np.asarray(cv2.compare(map_here, threshold, cv2.CMP_GT), np.uint8)  # type: ignore[call-overload]
    return _regions(map_here, inside, box, view, smallest, peak)


def _regions(
    map_here: NDArray[np.float32],
    inside: NDArray[np.uint8],
    box: Rect,
    view: Rect,
    smallest: float,
    peak: float,
) -> Mask:
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(contours) == 1:  # by far the commonest case, and labelling costs twenty times as much
        size = cv2.countNonZero(inside)
        if size >= smallest * view.area:
            x, y, width, height = cv2.boundingRect(contours[0])
            region = Rect(x + box.x, y + box.y, width, height)
            highest = float(map_here.max())
            return Mask(view, box, inside, (region,), (size,), (highest,), peak)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    order = sorted(range(1, count), key=lambda label: -int(stats[label, cv2.CC_STAT_AREA]))
    kept = [n for n in order if stats[n, cv2.CC_STAT_AREA] >= smallest * view.area]
    if len(kept) < len(order):
        inside = np.isin(labels, kept).astype(np.uint8) * 255
    regions = tuple(
        Rect(int(x) + box.x, int(y) + box.y, int(width), int(height))
        for x, y, width, height in (stats[n, :4] for n in kept)
    )
    sizes = tuple(int(stats[n, cv2.CC_STAT_AREA]) for n in kept)
    peaks = tuple(_peak_of(n, map_here, np.asarray(labels), np.asarray(stats[n])) for n in kept)
    if not kept:
        box, inside = Rect(box.x, box.y, 0, 0), inside[:0, :0]
    return Mask(view, box, inside, regions, sizes, peaks, peak)


def _peak_of(
    label: int, map_here: NDArray[np.float32], labels: NDArray[Any], stats: NDArray[Any]
) -> float:
    """The highest probability in one region."""
    x, y, width, height = (int(value) for value in stats[:4])
    here = slice(y, y + height), slice(x, x + width)
    inside = (labels[here] == label).view(np.uint8)
    return float(cv2.minMaxLoc(map_here[here], inside)[1])


def _reach(cells: NDArray[np.intp], samples: int, grid: int) -> tuple[int, int]:
    """Samples [first, last) that interpolation can reach from the first to the last cell."""
    scale = samples / grid
    first = int(np.floor((cells[0] - 0.5) * scale))
    last = int(np.ceil((cells[-1] + 1.5) * scale))
    return max(first, 0), min(last, samples)


def _interpolated(probability: NDArray[np.float32], extent: Rect, box: Rect) -> NDArray[np.float32]:
    """The map over `box`, bilinear, edges repeated."""
    high, wide = probability.shape
    before, after, across = _neighbours(extent.width, wide)
    columns = slice(box.x - extent.x, box.x - extent.x + box.width)
    above, below, down = _neighbours(extent.height, high)
    rows = slice(box.y - extent.y, box.y - extent.y + box.height)
    first, last = above[rows.start], below[rows.stop - 1]
    strip = probability[first : last + 1]  # the few rows of cells first, the many of samples last
    strip = _between(strip, before[columns], after[columns], across[columns], axis=1)
    return _between(strip, above[rows] - first, below[rows] - first, down[rows, None], axis=0)


def _between(
    cells: NDArray[np.float32],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    share: NDArray[np.float32],
    axis: int,
) -> NDArray[np.float32]:
    """Along an axis, first cells and the share of the second ones that lies in each sample."""
    blended: NDArray[np.float32] = np.take(cells, first, axis)
    blended *= 1.0 - share
    others = np.take(cells, second, axis)
    others *= share
    blended += others
    return blended


@lru_cache(maxsize=16)
def _neighbours(
    samples: int, grid: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For each sample the cells on both sides of it, and the share of the second."""
    position = (np.arange(samples) + 0.5) * (grid / samples) - 0.5
    first = np.floor(position)
    share = (position - first).astype(np.float32)
    cells = first.astype(np.intp)
    return np.clip(cells, 0, grid - 1), np.clip(cells + 1, 0, grid - 1), share
