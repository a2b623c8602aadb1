"""OpenCV's resize filters as boxes: which stretch of a picture each of a network's samples means.

Along one axis every filter is the mean over a stretch of the picture, where the picture is taken
as constant over each sample: `area` over the stretch that the network's sample covers, `nearest`
over one sample, `bilinear` over a stretch as long as one sample, which so lies on two of them.
A chroma sample that stands for two samples of luma is constant over both: so the same boxes do to
a small chroma plane what they would do to repeated chroma, at any size and at odd edges.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from nets.preprocessing import Preprocessing
from nets.resizing import INTERPOLATION

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
    areas = contract.resize == "area" and (
        seen.height >= contract.height and seen.width >= contract.width
    )
    rows = seen.y + _boxes(seen.height, contract.height, contract.resize, areas)
    columns = seen.x + _boxes(seen.width, contract.width, contract.resize, areas)
    return rows, columns


@lru_cache(maxsize=64)
def _boxes(length: int, wanted: int, resize: str, areas: bool) -> Boxes:
    """(wanted, 2), from the first sample of what is seen."""
    if areas:
        ends = np.linspace(0, length, wanted + 1)
        return np.column_stack([ends[:-1], ends[1:]]).astype(np.float32)
    # Where each begins is asked of OpenCV, whose releases differ. To two rows: an axis that grows
    # keeps it from taking areas of the other.
    positions = np.arange(length, dtype=np.float32)[None]
    starts = cv2.resize(positions, (wanted, 2), interpolation=INTERPOLATION[resize])[0]
    return np.column_stack([starts, starts + 1]).astype(np.float32)
