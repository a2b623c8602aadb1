"""Processes that share the recordings of an archive, each with an engine and cores of its own.

Spawned, never forked. Each talks through a pipe of its own, so that one that dies, even in the
middle of a word, takes nothing but its own recording with it.
"""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Self

from nets.errors import DivergentError, EngineError
from stream.child import Said, fate_of, leaving_interrupts
from stream.settings import ProcessSettings
from stream.task import Result, Task
from stream.worker import Ended, Event, Handed, Ready, Refused, serve

END_WITHIN_S = 20.0
"""What a worker may take to close its recording when it is told to end."""


class _Worker:
    """A process as its parent knows it."""

    def __init__(self, slot: int, cores: set[int], settings: ProcessSettings) -> None:
        self.slot = slot
        self.ready = False
        self.task: Task | None = None
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=serve, args=(theirs, settings), name=f"worker-{slot}"
        )
        with _inherited(cores):
            self.process.start()
        theirs.close()  # or its end would never be seen

    def hand(self, task: Task | None) -> None:
        """Give it a recording to process, or nothing more."""
        self.task = task
        with suppress(OSError):  # it died: the next look at its pipe tells
            self.connection.send(task)

    def fate(self) -> str:
        """How it ended, in words."""
        self.process.join(END_WITHIN_S)
        self.process.kill()
        self.process.join()
        return fate_of(self.process.exitcode or 0)


class Workers:
    """Shares tasks out among processes; a context manager that leaves none behind.

    On Linux each process is bound to its share of the cores, which every library beneath
    takes for the machine.
    """

    def __init__(self, tasks: Sequence[Task], settings: ProcessSettings, most: int) -> None:
        """Start nothing yet.

        Args:
            tasks: begun in this order.
            settings: of all of them.
            most: processes at a time.
        """
        self._tasks = deque(tasks)
        self._settings = settings
        self._most = min(most, len(tasks))
        self._shares = core_shares(self._most)
        self._workers: list[_Worker] = []

    @property
    def at_a_time(self) -> int:
        """How many recordings are processed at a time."""
        return self._most

    def events(self) -> Iterator[tuple[Task | None, Event]]:
        """What happens, each with the task it happens to; ends with the last task.

        Raises:
            DivergentError: no worker can have its engine.
        """
        while self._tasks or any(worker.task for worker in self._workers):
            # One after another, so that the first fills the caches for all.
            everyone_ready = all(worker.ready for worker in self._workers)
            if self._tasks and len(self._workers) < self._most and everyone_ready:
                self._start_one()
            busy = [worker.connection for worker in self._workers]
            for connection in wait(busy):
                worker = next(one for one in self._workers if one.connection is connection)
                yield from self._hear(worker)

    def _start_one(self) -> None:
        taken = {worker.slot for worker in self._workers}
        slot = next(number for number in range(self._most) if number not in taken)
        self._workers.append(_Worker(slot, self._shares[slot], self._settings))

    def _hear(self, worker: _Worker) -> Iterator[tuple[Task | None, Event]]:
        """What one worker has to say."""
        try:
            said = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._bury(worker)
            return
        match said:
            case Refused(problem):
                yield from self._do_without(worker, problem)
            case Ready():
                worker.ready = True
                yield from self._hand_next(worker)
            case Ended():
                yield worker.task, said
                yield from self._hand_next(worker)
            case _:
                yield worker.task, said

    def _hand_next(self, worker: _Worker) -> Iterator[tuple[Task | None, Event]]:
        task = self._tasks.popleft() if self._tasks else None
        if task is not None:
            yield task, Handed()
        worker.hand(task)

    def _bury(self, worker: _Worker) -> Iterator[tuple[Task | None, Event]]:
        """A worker is no more."""
        self._workers.remove(worker)
        worker.connection.close()
        fate = worker.fate()
        if worker.task is not None:
            yield worker.task, Ended(Result("failed", message=f"its worker process {fate}"))
        elif not worker.ready:
            raise EngineError(f"a worker process {fate} while it opened the weights")

    def _do_without(
        self, worker: _Worker, problem: DivergentError
    ) -> Iterator[tuple[Task | None, Event]]:
        """A worker has no engine: the others go on, if there are others."""
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join()
        if not self._workers:
            raise problem
        self._most = len(self._workers)
        yield None, Said(f"warning: no more than {self._most} workers: {problem}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for idle workers; have the others close what they record, then end."""
        for worker in self._workers:
            if worker.task is not None or not worker.ready:
                worker.process.terminate()
        until = time.monotonic() + END_WITHIN_S
        for worker in self._workers:
            worker.process.join(max(0.0, until - time.monotonic()))
            worker.process.kill()
            worker.process.join()
            worker.connection.close()


def core_shares(workers: int) -> list[set[int]]:
    """The cores each worker is bound to: equal shares, one core where there are too few."""
    if not hasattr(os, "sched_getaffinity"):
        return [set()] * workers
    cores = sorted(os.sched_getaffinity(0))
    if workers >= len(cores):
        return [{cores[number % len(cores)]} for number in range(workers)]
    edges = [number * len(cores) // workers for number in range(workers + 1)]
    return [set(cores[start:end]) for start, end in pairwise(edges)]


@contextmanager
def _inherited(cores: set[int]) -> Iterator[None]:
    """What is started meanwhile has these cores, and leaves Ctrl-C to its parent."""
    before = os.sched_getaffinity(0) if cores else set()
    try:
        if cores:
            os.sched_setaffinity(0, cores)
        with leaving_interrupts():
            yield
    finally:
        if before:
            os.sched_setaffinity(0, before)
