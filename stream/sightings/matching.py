"""Which region of a frame is which polyp of the frames before: by overlap, through gaps."""

from collections.abc import Sequence
from typing import NamedTuple

from nets.picture import Rect


class Box(NamedTuple):
    """A rectangle in shares of the view, so that it outlives a change of size."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def of(cls, region: Rect, view: Rect) -> "Box":
        """A region of a frame in shares of that frame's view."""
        left, top = (region.x - view.x) / view.width, (region.y - view.y) / view.height
        return cls(left, top, left + region.width / view.width, top + region.height / view.height)

    @property
    def area(self) -> float:
        """Share of the view."""
        return (self.right - self.left) * (self.bottom - self.top)

    def grown(self, by: float) -> "Box":
        """The box with each side moved outwards."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def shared_with(self, other: "Box") -> float:
        """Area that lies in both."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(across, 0.0) * max(down, 0.0)

    def joined(self, other: "Box") -> "Box":
        """The smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


class Known(NamedTuple):
    """A polyp as it was last seen: where, and how far it may have moved since."""

    box: Box
    drifted: float


def match(known: Sequence[Known], regions: Sequence[Box], overlap: float) -> list[int | None]:
    """Say of each region which polyp it is.

    Each polyp takes the region it overlaps most, the best pairs first; a region left over
    that overlaps a polyp of this frame is a fragment of it, so several regions may be one.

    Args:
        known: the polyps.
        regions: of one frame.
        overlap: share of the smaller box that the other must cover.

    Returns:
        For each region an index into `known`, or None where it is new.
    """
    pairs = sorted(
        (
            (-score[0], -score[1], number, index)
            for number, polyp in enumerate(known)
            for index, region in enumerate(regions)
            if (score := _likeness(polyp, region))[1] >= overlap
        ),
    )
    taken: list[int | None] = [None] * len(regions)
    seen: set[int] = set()
    for _, _, number, index in pairs:
        if taken[index] is None and number not in seen:
            taken[index] = number
            seen.add(number)
    for _, _, number, index in pairs:
        if taken[index] is None:
            taken[index] = number
    return taken


def _likeness(polyp: Known, region: Box) -> tuple[float, float]:
    """How much of both boxes is shared where the polyp was, and of the smaller where it may be."""
    shared = polyp.box.shared_with(region)
    union = polyp.box.area + region.area - shared
    smaller = min(polyp.box.area, region.area)
    reached = polyp.box.grown(polyp.drifted).shared_with(region)
    if not smaller or not union:
        return 0.0, 0.0
    return shared / union, min(reached / smaller, 1.0)
