"""Two stages side by side: one thread ahead of the chain that reads, one behind it that writes.

Queues are bounded and block, so nothing is ever dropped; what fails in a thread is raised on
the main thread as the exception it was, at its next call.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Full, Queue
from typing import Any, Generic, TypeVar

T = TypeVar("T")

POLL_S = 0.1
"""How soon a thread that waits for a queue sees that it is to stop."""


class SteadyThread(threading.Thread):
    """A thread that can be waited for again where a signal broke the first wait.

    Until Python 3.13 `join` takes a thread for ended once a signal has interrupted it, whatever
    the thread still does (bpo-45274).
    """

    def __init__(
        self,
        target: Callable[..., object],
        args: Iterable[Any] = (),
        *,
        name: str | None = None,
        daemon: bool = True,
    ) -> None:
        super().__init__(target=target, args=args, name=name, daemon=daemon)
        self._ended = threading.Event()

    def run(self) -> None:
        """Call the target."""
        try:
            super().run()
        finally:
            self._ended.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, or so many seconds; not at all where it was never started."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.is_alive():
            left = POLL_S if until is None else min(POLL_S, until - time.monotonic())
            if left <= 0:
                return
            self._ended.wait(left)

    def is_alive(self) -> bool:
        """Whether it was started and has not ended."""
        # Without memory a thread may die before it can say so: then Python alone knows.
        return self.ident is not None and not self._ended.is_set() and super().is_alive()


def _ended(thread: SteadyThread, stopped: threading.Event) -> None:
    """Stop a thread and see it end, also where the one signal that may raise comes meanwhile."""
    try:
        stopped.set()
        thread.join()
    except BaseException:
        stopped.set()
        thread.join()
        raise


def undisturbed(work: Callable[[], None]) -> None:
    """Do something that no signal shall break off half way; what it raises is raised here.

    Signals raise on the main thread alone, so it is done on another; an interruption is raised
    when it is done.
    """
    problems: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as problem:
            problems.append(problem)

    thread = SteadyThread(run, name="undisturbed")
    try:
        thread.start()
        thread.join()
    except (RuntimeError, MemoryError):  # there is no thread to be had
        work()
        return
    except BaseException:
        with suppress(RuntimeError):  # it runs already
            thread.start()
        thread.join()
        raise
    if problems:
        raise problems[0]


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
            if stopped.is_set():
                return
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

    thread = SteadyThread(run, name=name)
    try:
        thread.start()
        yield arriving()
    finally:
        _ended(thread, stopped)


class WriteBehind(Generic[T]):
    """Calls a consumer in a thread of its own, at most `depth` items behind.

    As a context manager it waits for the last item; left by an exception it drops what waits.
    """

    def __init__(self, consume: Callable[[T], None], depth: int, name: str) -> None:
        self._consume = consume
        self._waiting: Queue[T | _End] = Queue(depth)
        self._problem: BaseException | None = None
        self._stopped = threading.Event()
        self._thread = SteadyThread(self._run, name=name)

    def put(self, item: T) -> None:
        """Hand an item over, waiting while the queue is full; raises what the thread raised."""
        self._hand_on(item)

    def __enter__(self) -> "WriteBehind[T]":
        try:
            self._thread.start()
        except BaseException:
            _ended(self._thread, self._stopped)
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._hand_on(_End())
                self._thread.join()
        finally:
            _ended(self._thread, self._stopped)
        if kind is None and self._problem is not None:
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
