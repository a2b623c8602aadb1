"""When a lost source is opened again."""

FIRST_S, LONGEST_S = 0.25, 5.0


class Backoff:
    """Attempts begin ever further apart, until one succeeds.

    The wait is counted from the beginning of the attempt before: one that took long to fail,
    waiting for a sender, is followed by the next at once.
    """

    def __init__(self, limit: int | None = None) -> None:
        """Begin afresh.

        Args:
            limit: attempts without success in a row after which it is given up; None: never.
        """
        self._limit = limit
        self.succeeded()

    def succeeded(self) -> None:
        """An attempt led to a picture: the next wait is the first one again."""
        self.attempts = 0
        self._pause_s = FIRST_S

    def next(self, began_at: float, now: float) -> float | None:
        """When to try again; None where it is given up.

        Args:
            began_at: monotonic seconds at which the attempt that failed began.
            now: monotonic seconds.
        """
        self.attempts += 1
        if self._limit is not None and self.attempts > self._limit:
            return None
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_S)
        return max(now, began_at + pause_s)
