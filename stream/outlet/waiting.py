"""What waits to go out: a few frames of each room, at a pace and where they are wanted; words."""

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import TypeAlias

from stream.frame import Frame

Make: TypeAlias = Callable[[], Frame]
"""Gives the frame; called only where it goes out."""


class Waiting:
    """Between who offers and who sends; safe from any thread. Times are monotonic seconds.

    Attributes:
        dropped: frames that were wanted and did not go out, by room.
    """

    def __init__(
        self, backlog: int, period_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing waits.

        Args:
            backlog: frames of a room that wait at most; the oldest ones make room.
            period_s: between two frames of a room, on average at least.
            clock: tells the time.
        """
        self.dropped: Counter[int] = Counter()
        self._backlog, self._period_s, self._clock = backlog, period_s, clock
        self._changed = threading.Condition()
        self._frames: dict[int, deque[Make]] = {}
        self._latest: dict[int, Make] = {}
        self._due: dict[int, float] = {}
        self._wanted: frozenset[int] = frozenset()
        self._words: dict[str, object] = {}
        self._woken = False

    def want(self, rooms: Iterable[int]) -> None:
        """Let frames of these rooms go out and of no others; the latest of a new one at once."""
        with self._changed:
            wanted = frozenset(rooms)
            for room in wanted - self._wanted:
                self._due.pop(room, None)
                if room in self._latest:
                    self._queue(room).append(self._latest[room])
            for room in self._wanted - wanted:
                self._queue(room).clear()
            self._wanted = wanted
            self._changed.notify_all()

    def put(self, room: int, make: Make) -> None:
        """Offer a room's next frame."""
        with self._changed:
            self._latest[room] = make
            if room not in self._wanted:
                return
            queue = self._queue(room)
            if len(queue) == self._backlog:
                self.dropped[room] += 1
            queue.append(make)
            self._changed.notify_all()

    def say(self, subject: str, word: object) -> None:
        """Have a word sent; what is newer on the same subject takes its place."""
        with self._changed:
            self._words[subject] = word
            self._changed.notify_all()

    def words(self) -> list[object]:
        """The words that wait, which then wait no more."""
        with self._changed:
            words, self._words = self._words, {}
            return list(words.values())

    def take(self) -> tuple[int, Make] | None:
        """The next frame to go out, with its room; None where none is due."""
        with self._changed:
            now = self._clock()
            ready = [(due, room) for due, room in self._times() if due <= now]
            if not ready:
                return None
            due, room = min(ready)
            on_time = due > now - self._period_s
            self._due[room] = (due if on_time else now) + self._period_s
            return room, self._queue(room).popleft()

    def give_back(self, room: int, make: Make) -> None:
        """It could not go out now: it is the next one again, if no newer ones fill its place."""
        with self._changed:
            queue = self._queue(room)
            if room in self._wanted and len(queue) < self._backlog:
                queue.appendleft(make)
                self._due[room] = self._clock()
            else:
                self.dropped[room] += 1

    def rest(self, until: float) -> None:
        """Return when there is something to do, or at this time."""
        with self._changed:
            if not self._words and not self._woken:
                until = min(until, min((due for due, _ in self._times()), default=math.inf))
                self._changed.wait(max(0.0, until - self._clock()))
            self._woken = False

    def wake(self) -> None:
        """Let whoever rests look up."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def _times(self) -> list[tuple[float, int]]:
        return [(self._due.get(room, 0.0), room) for room, queue in self._frames.items() if queue]

    def _queue(self, room: int) -> deque[Make]:
        return self._frames.setdefault(room, deque(maxlen=self._backlog))
