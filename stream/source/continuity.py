"""Whether a live stream's times go on, or a sender began anew behind the same address."""

BACK_S = 0.5
"""A step back that is more than frames out of order."""

AHEAD_S = 3.0
"""A leap further ahead than the clock by more than what buffers explain."""


class Continuity:
    """Follows decoding times beside the clock."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None

    def breaks(self, decoding_s: float | None, arrived_at: float) -> bool:
        """Whether a packet does not belong behind the one before.

        Args:
            decoding_s: its decoding time in seconds, or None.
            arrived_at: monotonic seconds.
        """
        if decoding_s is None:
            return False
        last, self._last = self._last, (decoding_s, arrived_at)
        if last is None:
            return False
        step, waited = decoding_s - last[0], arrived_at - last[1]
        return step < -BACK_S or step > waited + AHEAD_S
