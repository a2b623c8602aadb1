"""The part of a mask that is one polyp."""

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from stream.prediction import Mask

Inside = NDArray[np.bool_]


def only(mask: Mask, regions: tuple[int, ...]) -> tuple[Rect, Inside]:
    """Some of a mask's regions.

    Args:
        mask: of a frame.
        regions: their places among the mask's.

    Returns:
        The part of the frame that the mask is about, and (height, width) what of it is polyp.
    """
    inside = mask.inside > 0
    if len(regions) == len(mask.regions):
        return mask.box, inside
    wanted = {(mask.regions[place], mask.sizes[place]) for place in regions}
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.inside, connectivity=8)
    kept = [
        label
        for label in range(1, count)
        if (_placed(stats[label], mask.box), int(stats[label, cv2.CC_STAT_AREA])) in wanted
    ]
    return mask.box, np.isin(labels, kept)


def _placed(stats: NDArray[np.int32], box: Rect) -> Rect:
    """Where a component is in the frame."""
    x, y, width, height = (int(value) for value in stats[:4])
    return Rect(x + box.x, y + box.y, width, height)
