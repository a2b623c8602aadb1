"""A measure over time in a bounded number of bins, however long the recording becomes."""

import numpy as np
from numpy.typing import NDArray

MOST_BINS = 512
FIRST_WIDTH_S = 0.1


class Curve:
    """The largest value in each of some hundred equal stretches of time.

    A value holds until the next one comes. Bins start narrow; each time they run out, neighbours
    are joined and become twice as wide.

    Attributes:
        width_s: of a bin.
    """

    def __init__(self) -> None:
        self.width_s = FIRST_WIDTH_S
        self._largest = np.zeros(MOST_BINS, np.float64)
        self._used = 0
        self._value = 0.0

    def add(self, seconds: float, value: float) -> None:
        """Take the next value, not negative, at a time since the start, later than the last."""
        place = int(seconds / self.width_s)
        while place >= MOST_BINS:
            self._join()
            place = int(seconds / self.width_s)
        self._largest[self._used : place] = self._value
        self._largest[place] = max(self._largest[place], value)
        self._used, self._value = place + 1, value

    @property
    def values(self) -> NDArray[np.float64]:
        """The largest value in each bin, up to the last; 0 where none came."""
        return self._largest[: self._used].copy()

    def _join(self) -> None:
        """Make bins twice as wide."""
        joined = self._largest.reshape(-1, 2).max(axis=1)
        self._largest[:] = 0.0
        self._largest[: MOST_BINS // 2] = joined
        self._used = -(-self._used // 2)
        self.width_s *= 2.0
