"""A screen that reads the numbers in what it is shown."""

import time
from dataclasses import dataclass

from stream.live.shown import Shown
from stream.loopback import barcode


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture as it was shown.

    Attributes:
        at: monotonic seconds.
        number: the code in it, or None where it is damaged.
        index: the frame's, as captured.
        masked: index of the frame that its mask was computed from; None without a mask.
        notice: why it has none; empty where it has one.
    """

    at: float
    number: int | None
    index: int
    masked: int | None
    notice: str = ""


class Witness:
    """Stands where a window does: it is handed what is shown, drawn on, at the same moment."""

    def __init__(self) -> None:
        """Nothing is shown yet."""
        self.seen: list[Seen] = []

    def offer(self, shown: Shown) -> None:
        """Read a picture; the latest one, shown again with another notice, is none."""
        at, index = time.monotonic(), shown.frame.index
        if index < 0 or (self.seen and self.seen[-1].index == index):
            return
        masked = None if shown.prediction is None else shown.prediction.frame_index
        number = barcode.read(shown.shown.picture.planes[0])
        self.seen.append(Seen(at, number, index, masked, shown.notice))

    @property
    def has_seen_masks(self) -> bool:
        """Whether a mask stands on the latest picture."""
        return bool(self.seen) and self.seen[-1].masked is not None
