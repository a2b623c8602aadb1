"""One clock for a recording's clean and annotated pictures, over reconnects and all day.

A source's own times are kept exactly, moved by a shift: the recording begins at 0. Where the
source begins to count anew (a reconnect, a sender that was started again, a leap), the time of
arrival decides on a new shift. Time never goes back.
"""

import math
from collections import deque
from fractions import Fraction

FINEST = 1_000_000
COARSEST = 90_000
"""Units a second of a recording: the source's own, or a multiple of them within these."""

LEAP_S = 10
"""A source's time that runs ahead of the arrivals by more from one picture to the next has
leapt; less is a burst, as networks deliver them."""

HALF = Fraction(1, 2)

OVERLAP_S = 5
"""How long after a new shift pictures may still come that belong to the one before: packets
are told of a change before the frames that are decoded from them."""


def unit_of(time_base: Fraction) -> Fraction:
    """Seconds per tick of a recording's clock, in which the source's times are whole."""
    per_second = time_base.denominator
    if per_second < COARSEST:
        per_second *= -(-COARSEST // per_second)
    return Fraction(1, min(per_second, FINEST))


class Clock:
    """Ticks since a recording's start."""

    def __init__(self, unit: Fraction, started: float) -> None:
        """Begin at 0.

        Args:
            unit: seconds per tick.
            started: monotonic seconds of the first arrival.
        """
        self.unit = unit
        self._started = Fraction(started)
        self._shifts: deque[tuple[Fraction, Fraction]] = deque(maxlen=2)
        self._anew = False

    def since_start(self, arrived_at: float) -> Fraction:
        """Seconds from the start to an arrival, in whole ticks."""
        return round((Fraction(arrived_at) - self._started) / self.unit) * self.unit

    def begin_anew(self) -> None:
        """The source is connected again: its times have nothing to do with those before."""
        self._anew = True

    def shift(self, source: Fraction, since: Fraction) -> Fraction | None:
        """What to add to a source's time; None where that has to be decided anew.

        Args:
            source: seconds by the source's clock.
            since: seconds from the start to the arrival.
        """
        if self._anew or not self._shifts:
            return None
        shift, made = self._shifts[-1]
        if len(self._shifts) == 1 or since - made > OVERLAP_S:
            return shift
        return min((each for each, _ in self._shifts), key=lambda each: abs(source + each - since))

    def decide(self, source: Fraction, since: Fraction, earliest: Fraction) -> Fraction:
        """A new shift, by which the source's time is that of its arrival, or `earliest`."""
        self._anew = False
        shift = max(since, earliest) - source
        self._shifts.append((shift, since))
        return shift


class Hand:
    """The times of one kind of pictures, packets or frames, on a clock: each after the last.

    Attributes:
        mended: how often the source's time was not to be believed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: tuple[Fraction, Fraction] | None = None
        self.mended = 0

    def at(self, source: Fraction, arrived_at: float) -> int:
        """Ticks of the next picture, later than those of the one before.

        Args:
            source: seconds by the source's clock.
            arrived_at: monotonic seconds.
        """
        clock = self._clock
        since = clock.since_start(arrived_at)
        shift = clock.shift(source, since)
        if shift is not None and not self._follows(source + shift, since):
            self.mended += 1
            shift = None
        if shift is None:
            earliest = self._last[0] + clock.unit if self._last else Fraction(0)
            shift = clock.decide(source, since, earliest)
        seconds = source + shift
        self._last = seconds, since
        return math.floor(seconds / clock.unit + HALF)  # `round` makes 1.5 and 2.5 both 2

    def _follows(self, seconds: Fraction, since: Fraction) -> bool:
        """Whether a time can be the next one."""
        if self._last is None:
            return True
        passed, arrived = seconds - self._last[0], since - self._last[1]
        return self._clock.unit <= passed <= arrived + LEAP_S
