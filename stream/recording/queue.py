"""What waits to be written: in order, bounded in bytes, never in the way of who brings it."""

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class ByteQueue(Generic[T]):
    """A queue that refuses what does not fit instead of making anyone wait."""

    def __init__(self, limit: int) -> None:
        """Start empty.

        Args:
            limit: bytes that may wait.
        """
        self._limit = limit
        self._waiting: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._change = threading.Condition()

    @property
    def bytes(self) -> int:
        """What waits now."""
        return self._bytes

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def put(self, item: T, size: int = 0, *, keep_free: int = 0) -> bool:
        """Take an item if it fits; returns at once.

        Args:
            item: what to take.
            size: its bytes; what has none always fits.
            keep_free: bytes that have to stay free for others.

        Returns:
            Whether it was taken.
        """
        with self._change:
            if size and self._bytes + size > self._limit - keep_free:
                return False
            self._waiting.append((item, size))
            self._bytes += size
            self._change.notify()
            return True

    def get(self, timeout_s: float) -> T | None:
        """The item that has waited longest; None where none came in time.

        Its bytes are given back here: what is being written is no longer in the queue.
        """
        with self._change:
            if not self._waiting:
                self._change.wait(timeout_s)
            if not self._waiting:
                return None
            item, size = self._waiting.popleft()
            self._bytes -= size
            return item
