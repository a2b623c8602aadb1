"""How long a picture takes to be shown, and to be shown with a mask that knows of it."""

import threading
from collections import deque

from stream.stats import CURVE_S, Latencies, Spread

MOST_WAITING = 4000
"""More frames than that do not wait for a mask: a minute at 60 a second without an engine."""


class Delays:
    """Of one source. All times are monotonic seconds and are passed in; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._display, self._annotation = Latencies(), Latencies()
        self._waiting: deque[tuple[int, float]] = deque(maxlen=MOST_WAITING)
        self._latest: list[float] = []
        self._curve: deque[float] = deque(maxlen=CURVE_S)

    def arrived(self, index: int, at: float) -> None:
        """A frame arrived of which the engine might know."""
        with self._lock:
            self._waiting.append((index, at))

    def shown(self, arrived_at: float, now: float) -> None:
        """A frame is shown."""
        self._display.add(now - arrived_at)

    def marked(self, index: int, now: float) -> None:
        """A mask is shown that was computed from this frame: all before it have waited enough."""
        with self._lock:
            while self._waiting and self._waiting[0][0] <= index:
                _, arrived_at = self._waiting.popleft()
                self._annotation.add(now - arrived_at)
                self._latest.append(now - arrived_at)

    def excuse(self) -> None:
        """No mask can come for the frames that wait: there was nothing to see, or no engine yet."""
        with self._lock:
            self._waiting.clear()

    def second(self) -> None:
        """A second is over: the curve goes on by its worst delay."""
        with self._lock:
            if self._latest:
                self._curve.append(max(self._latest))
                self._latest.clear()

    @property
    def display(self) -> Spread:
        """From a frame's arrival to its own showing."""
        return self._display.spread()

    @property
    def annotation(self) -> Spread:
        """From a frame's arrival to the first showing of a mask computed from it or later."""
        return self._annotation.spread()

    @property
    def curve(self) -> tuple[float, ...]:
        """The worst annotation delay of each second, the latest last."""
        with self._lock:
            return tuple(self._curve)
