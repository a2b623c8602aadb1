"""Two stages side by side: one thread ahead of the chain that reads, one behind it that writes.

Queues are bounded and block, so nothing is ever dropped; what fails in a thread is raised on
the main thread as the exception it was, at its next call.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")

POLL_S = 0.1
"""How soon a thread that waits for a queue sees that it is to stop."""


class _End:
    """Nothing more comes; `problem` is why, if it was not the end itself."""

    def __init__(self, problem: BaseException | None = None) -> None:
        self.problem = problem


@contextmanager
def read_ahead(items: Iterable[T], depth: int, name: str) -> Iterator[Iterator[T]]:
    """Iterate something in a thread of its own, at most `depth` items ahead.

    Args:
        items: iterated once, in the thread.
        depth: items that may wait.
        name: of the thread, for whoever looks at it.

    Yields:
        An iterator over the items; raises what the thread raised, in its place.
    """
    waiting: Queue[T | _End] = Queue(depth)
    stopped = threading.Event()

    def hand_on(item: T | _End) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=POLL_S)
            except Full:
                continue
            return True
        return False

    def run() -> None:
        try:
            for item in items:
                if not hand_on(item):
                    return
        except BaseException as problem:
            hand_on(_End(problem))
        else:
            hand_on(_End())

    def arriving() -> Iterator[T]:
        while True:
            item = waiting.get()
            if isinstance(item, _End):
                if item.problem is not None:
                    raise item.problem
                return
            yield item

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield arriving()
    finally:
        stopped.set()
        thread.join()


class WriteBehind(Generic[T]):
    """Calls a consumer in a thread of its own, at most `depth` items behind.

    As a context manager it waits for the last item; left by an exception it drops what waits.
    """

    def __init__(self, consume: Callable[[T], None], depth: int, name: str) -> None:
        self._consume = consume
        self._waiting: Queue[T | _End] = Queue(depth)
        self._problem: BaseException | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def put(self, item: T) -> None:
        """Hand an item over, waiting while the queue is full; raises what the thread raised."""
        self._hand_on(item)

    def __enter__(self) -> "WriteBehind[T]":
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            self._stopped.set()
            self._thread.join()
            return
        self._hand_on(_End())
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def _hand_on(self, item: T | _End) -> None:
        while True:
            if self._problem is not None:
                raise self._problem
            try:
                self._waiting.put(item, timeout=POLL_S)
            except Full:
                continue
            return

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                item = self._waiting.get(timeout=POLL_S)
            except Empty:
                continue
            if isinstance(item, _End):
                return
            try:
                self._consume(item)
            except BaseException as problem:
                self._problem = problem
                return
