"""How fast frames really arrive, whatever a source says of its rate."""

from collections import deque
from fractions import Fraction
from statistics import median

from stream.source.opening import USUAL_RATE

KEPT = 60
ENOUGH = 10
"""Steps from frame to frame that are kept, and that can be judged by."""

FASTER = Fraction(11, 10)
"""The rate may be so much higher than the one measured."""


class Arrivals:
    """Measures the rate of arrivals; a pause between two of them does not change it."""

    def __init__(self) -> None:
        self._steps: deque[float] = deque(maxlen=KEPT)
        self._last: float | None = None

    def add(self, arrived_at: float) -> None:
        """A frame arrived."""
        if self._last is not None:
            self._steps.append(arrived_at - self._last)
        self._last = arrived_at

    def expected(self, said: Fraction | None) -> Fraction:
        """Frames a second to expect: what the source says, or less where less arrives.

        Args:
            said: by the source; None where it says nothing.
        """
        steps = list(self._steps)
        step = median(steps) if len(steps) >= ENOUGH else 0.0
        if step <= 0:
            return said or USUAL_RATE
        measured = Fraction(1 / step).limit_denominator(1000)
        return min(said, measured * FASTER) if said else measured
