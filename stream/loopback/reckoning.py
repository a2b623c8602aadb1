"""From when pictures were sent and what was seen of them to delays and losses."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stream.loopback.witness import Seen


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What became of the pictures that were sent in a while.

    Attributes:
        sent: how many there were.
        display: seconds from sending to showing, of those that were shown.
        annotation: seconds from sending to the first showing of a mask that was computed from
            this picture or a later one, of those that came so far.
        unreadable: pictures shown whose number was damaged.
        without_mask: pictures shown with AI OFF, by what it said.
    """

    sent: int
    display: tuple[float, ...]
    annotation: tuple[float, ...]
    unreadable: int
    without_mask: Counter[str]

    @property
    def lost(self) -> int:
        """Pictures that were never shown."""
        return self.sent - len(self.display)


def reckon(
    sent: Sequence[float], seen: Sequence[Seen], round_: int, start: float, end: float
) -> Reckoned:
    """Put together what two processes noted by the same clock.

    Args:
        sent: when each picture was sent whole, from the first one on, in monotonic seconds.
        seen: what was shown, in order.
        round_: how many pictures have different numbers; no delay is as long as those take.
        start: pictures sent from here on count.
        end: and up to here; what was shown afterwards still counts for them.
    """
    places: dict[int, int] = {}  # by the frame's index: which picture it was
    shown: dict[int, float] = {}
    answered: dict[int, float] = {}
    without_mask: Counter[str] = Counter()
    answered_to, unreadable = -1, 0
    for each in seen:
        counts = start <= each.at < end
        if counts and each.masked is None:
            without_mask[each.notice] += 1
        place = _place(sent, each, round_)
        if place is None:
            unreadable += counts
            continue
        places[each.index] = place
        shown.setdefault(place, each.at)
        masked = None if each.masked is None else places.get(each.masked)
        if masked is not None and masked > answered_to:
            answered |= dict.fromkeys(range(answered_to + 1, masked + 1), each.at)
            answered_to = masked
    asked = [place for place, at in enumerate(sent) if start <= at < end]
    return Reckoned(
        len(asked),
        tuple(shown[place] - sent[place] for place in asked if place in shown),
        tuple(answered[place] - sent[place] for place in asked if place in answered),
        unreadable,
        without_mask,
    )


def _place(sent: Sequence[float], seen: Seen, round_: int) -> int | None:
    """Which of the pictures sent this is: the latest of its number that was out by then."""
    if seen.number is None or seen.number >= round_:
        return None
    out = bisect_right(sent, seen.at)
    place = (out - 1 - seen.number) // round_ * round_ + seen.number
    return place if place >= 0 else None
