"""The connected pieces of a mask, each by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from stream.prediction import Mask


@dataclass(frozen=True, slots=True)
class Piece:
    """One polyp of a mask.

    Attributes:
        box: that holds it, as tight as can be, in luma samples of the frame.
        inside: (box.height, box.width) bool, True on the polyp.
        peak: highest probability in it.
    """

    box: Rect
    inside: NDArray[np.bool_]
    peak: float


def pieces_of(mask: Mask) -> Iterator[Piece]:
    """The pieces of a mask, in the order of its regions: the largest first."""
    if not mask.regions:
        return
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.inside, connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    order = np.argsort(-sizes, kind="stable") + 1
    for label, peak in zip(order, mask.peaks, strict=True):
        x, y, width, height = (int(value) for value in stats[label, :4])
        inside = np.asarray(labels[y : y + height, x : x + width]) == label
        yield Piece(Rect(mask.box.x + x, mask.box.y + y, width, height), inside, peak)
