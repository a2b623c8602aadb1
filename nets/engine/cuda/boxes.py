"""OpenCV's resize filters as boxes: which stretch of a picture each of a network's samples means.

Along one axis every filter is the mean over a stretch of the picture, where the picture is taken
as constant over each sample: `area` over the stretch that the network's sample covers, `nearest`
over one sample, `bilinear` over a stretch as long as one sample, which so lies on two of them.
A chroma sample that stands for two samples of luma is constant over both: so the same boxes do to
a small chroma plane what they would do to repeated chroma, at any size and at odd edges.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from nets.preprocessing import Preprocessing
from nets.resizing import nearest_indices

Boxes = NDArray[np.float32]
"""(N, 2) float32: where each sample's stretch begins and ends, in luma samples of the frame."""


def boxes_of(contract: Preprocessing, seen: Rect) -> tuple[Boxes, Boxes]:
    """What a network's samples mean, down and across.

    Args:
        contract: size and filter.
        seen: what the network is shown of the frame.

    Returns:
        (contract.height, 2) and (contract.width, 2).
    """
    # OpenCV takes areas only where both axes shrink.
    shrinks = seen.height >= contract.height and seen.width >= contract.width
    rows = seen.y + _boxes(seen.height, contract.height, contract.resize, shrinks)
    columns = seen.x + _boxes(seen.width, contract.width, contract.resize, shrinks)
    return rows.astype(np.float32), columns.astype(np.float32)


def _boxes(length: int, wanted: int, resize: str, shrinks: bool) -> NDArray[np.float64]:
    """(wanted, 2) float64, from the first sample of what is seen."""
    step = length / wanted
    index = np.arange(wanted)
    first: NDArray[Any]
    last: NDArray[Any]
    if resize == "nearest":
        first = nearest_indices(length, wanted).astype(np.float64)
        last = first + 1
    elif resize == "bilinear":
        first = np.clip((index + 0.5) * step - 0.5, 0, length - 1)
        last = first + 1
    elif shrinks:
        first, last = index * step, np.minimum((index + 1) * step, length)
    else:
        first = _enlarging(index, step, length)
        last = first + 1
    return np.column_stack([first, last]).astype(np.float64)


def _enlarging(index: NDArray[np.int64], step: float, length: int) -> NDArray[np.float64]:
    """Where OpenCV's `INTER_AREA` starts when it enlarges: between samples only at their seams."""
    first = np.floor(index * step)
    share = np.maximum(index + 1 - (first + 1) / step, 0.0)
    starts: NDArray[np.float64] = np.minimum(first + share % 1.0, length - 1)
    return starts
