"""The newest picture for a window, those that are under way to it, and what became of all."""

import threading
import time
from collections.abc import Callable

from stream.live.shown import Shown
from stream.ring import bytes_of
from stream.stats import Latencies, Rate, WindowFigures

MOST_UNDER_WAY = 2
"""One picture is being painted while the next one waits: more would only be older."""


class Newest:
    """Keeps the picture that the window gets next; safe to use from several threads.

    A picture that comes while as many are under way as may be waits, and a newer one takes its
    place: it is passed over, and counted.

    Attributes:
        change: notified of everything that may let a picture be sent.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing came yet.

        Args:
            clock: tells monotonic seconds.
        """
        self.change = threading.Condition()
        self._clock = clock
        self._waiting: Shown | None = None
        self._latest: Shown | None = None
        self._under_way = 0
        self._moved_at = 0.0
        self._painted, self._passed_over, self._delays = Rate(), 0, Latencies()

    def offer(self, shown: Shown) -> None:
        """A picture came."""
        with self.change:
            self._passed_over += self._waiting is not None
            self._waiting = shown
            self.change.notify_all()

    def can_take(self) -> bool:
        """Whether there is a picture that may go to the window now."""
        with self.change:
            return self._waiting is not None and self._under_way < MOST_UNDER_WAY

    def take(self, slot_bytes: int) -> Shown | None:
        """The picture that waits, if it may go to the window now.

        Args:
            slot_bytes: what the ring holds. A larger picture has to be the only one under way,
                for its ring replaces the one that others lie in.
        """
        with self.change:
            shown = self._waiting
            if shown is None or not self.can_take():
                return None
            if self._under_way and bytes_of(shown.shown.picture) > slot_bytes:
                return None
            if not self._under_way:
                self._moved_at = self._clock()
            self._waiting, self._latest = None, shown
            self._under_way += 1
            return shown

    def done(self, arrived_at: float, painted_at: float | None) -> None:
        """A picture is no longer under way.

        Args:
            arrived_at: when it had arrived from its source, in monotonic seconds.
            painted_at: when it was on the screen; None where a newer one was painted instead.
        """
        with self.change:
            self._under_way -= 1
            self._moved_at = self._clock()
            if painted_at is None:
                self._passed_over += 1
            else:
                self._painted.tick(painted_at)
                self._delays.add(painted_at - arrived_at)
            self.change.notify_all()

    def begin_anew(self) -> None:
        """Another window is there: it begins with the latest picture."""
        with self.change:
            self._under_way = 0
            self._waiting = self._waiting or self._latest
            self.change.notify_all()

    def stuck_for(self) -> float:
        """Seconds for which pictures have been under way, and nothing became of any."""
        with self.change:
            return self._clock() - self._moved_at if self._under_way else 0.0

    def figures(self, *, is_open: bool) -> WindowFigures:
        """What became of the pictures."""
        with self.change:
            return WindowFigures(
                is_open=is_open,
                fps=self._painted.per_second(self._clock()),
                painted=self._painted.total,
                passed_over=self._passed_over,
                delay=self._delays.spread(),
            )
