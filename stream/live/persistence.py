"""Alarms the eye can trust: a region is drawn once it has stood for a while."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from nets.picture import Rect
from stream.prediction import Mask
from stream.sightings.matching import Box, Known, match

GAP_S = 0.25
"""A region that was drawn is drawn again at once where it was unseen for no longer."""

OVERLAP = 0.3
"""Of the smaller of two regions, the share that the other must cover for both to be the same."""

DRIFT = 0.25
"""How far an unseen region may move in a second, as a share of the view's sides."""


@dataclass(slots=True)
class _Standing:
    """A region that was seen lately.

    Attributes:
        box: where, last.
        since: from when it has stood, in monotonic seconds.
        seen_at: when it was last seen.
    """

    box: Box
    since: float
    seen_at: float


class Persistence:
    """Takes masks in order of time, and leaves out what has not stood long enough."""

    def __init__(self, stand_s: float) -> None:
        """Nothing has stood yet.

        Args:
            stand_s: how long a region has to be seen before it is drawn; 0 draws all.
        """
        self._stand_s = stand_s
        self._standing: list[_Standing] = []

    def update(self, mask: Mask, at: float) -> Mask:
        """The mask with the regions that have stood long enough.

        Args:
            mask: of the next frame that was answered.
            at: when that frame arrived.
        """
        if self._stand_s == 0:
            return mask
        self._standing = [each for each in self._standing if at - each.seen_at <= GAP_S]
        boxes = [Box.of(region, mask.view) for region in mask.regions]
        known = [Known(each.box, DRIFT * (at - each.seen_at)) for each in self._standing]
        kept: list[bool] = []
        for box, place in zip(boxes, match(known, boxes, OVERLAP), strict=True):
            if place is None:
                self._standing.append(_Standing(box, at, at))
                kept.append(False)
                continue
            standing = self._standing[place]
            standing.box, standing.seen_at = box, at
            kept.append(at - standing.since >= self._stand_s)
        return mask if all(kept) else only(mask, kept)


def only(mask: Mask, kept: list[bool]) -> Mask:
    """A mask without some of its regions.

    Args:
        mask: as `find_mask` gives it.
        kept: for each of its regions whether it stays.
    """
    left = [index for index, stays in enumerate(kept) if stays]
    if not left:
        return replace(
            mask,
            box=Rect(mask.box.x, mask.box.y, 0, 0),
            inside=mask.inside[:0, :0],
            regions=(),
            sizes=(),
            peaks=(),
        )
    inside = np.zeros_like(mask.inside)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.inside, connectivity=8)
    wanted = {mask.regions[index] for index in left}
    for label in range(1, len(stats)):
        x, y, width, height, _ = (int(value) for value in stats[label])
        if Rect(x + mask.box.x, y + mask.box.y, width, height) in wanted:
            inside[labels == label] = 255
    return replace(
        mask,
        inside=inside,
        regions=tuple(mask.regions[index] for index in left),
        sizes=tuple(mask.sizes[index] for index in left),
        peaks=tuple(mask.peaks[index] for index in left),
    )
