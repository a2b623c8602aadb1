"""Workers on a cluster that share the recordings of an archive.

A worker that dies, with its machine or alone, costs nothing but time: another one begins its
recording anew.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nets.errors import DivergentError, EngineError
from stream.child import Said
from stream.cluster.connection import connected
from stream.cluster.shares import Share, share_out
from stream.cluster.worker import Whereabouts, actor_class, settings_there
from stream.settings import ProcessSettings
from stream.task import Result, Task
from stream.worker import Ended, Event, Handed, Ready, Refused

ATTEMPTS = 3
"""After so many dead workers, a recording has failed: perhaps it is what kills them."""

LOOK_EVERY_S = 1.0

PATIENCE_LOOKS = 30


class _Worker:
    """An actor as the run knows it.

    Attributes:
        pending: what it is asked for, a reference or a stream of them.
        where: it runs; None until it runs.
        cores: it has been given there.
        ready: it has its engine.
        task: it is at.
    """

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self.pending: Any = actor.whereabouts.remote()
        self.where: Whereabouts | None = None
        self.cores: frozenset[int] = frozenset()
        self.ready = False
        self.task: Task | None = None

    @property
    def machine(self) -> str:
        """Where it runs, for people."""
        return "a machine" if self.where is None else self.where.machine


class ClusterWorkers:
    """Shares tasks out over a cluster; a context manager that leaves nothing running there."""

    def __init__(
        self,
        tasks: Sequence[Task],
        settings: ProcessSettings,
        seen: Path,
    ) -> None:
        """Connect to nothing yet.

        Args:
            tasks: begun in this order.
            settings: of all of them; `ray` is the cluster's address.
            seen: a file among the outputs, which every machine has to see.
        """
        self._tasks, self._settings = deque(tasks), settings
        self._seen = seen.absolute()
        self._workers: list[_Worker] = []
        self._dead: Counter[Path] = Counter()
        self._stack = ExitStack()
        self._share = Share(0, 0, 0)
        self._most = self._stillborn = 0
        self._ray: Any = None

    @property
    def at_a_time(self) -> int:
        """How many recordings are processed at a time."""
        return self._most

    def __enter__(self) -> Self:
        assert self._settings.ray is not None
        self._ray = self._stack.enter_context(connected(self._settings.ray))
        try:
            machines = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
            self._share = share_out(machines, self._settings.device, self._settings.workers)
            self._most = min(self._share.workers, len(self._tasks))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the workers; what an unfinished one recorded stays under its partial name."""
        for worker in self._workers:
            self._ray.kill(worker.actor)
        self._stack.close()

    def events(self) -> Iterator[tuple[Task | None, Event]]:
        """What happens, each with the task it happens to; ends with the last task.

        Raises:
            DivergentError: no worker can have its engine.
        """
        actors = actor_class(self._ray, self._share.cores, self._share.gpus)
        quiet = 0
        while self._tasks or any(worker.task for worker in self._workers):
            while len(self._workers) < min(self._most, self._unfinished()):
                self._workers.append(_Worker(actors.remote()))
            pending = [worker.pending for worker in self._workers]
            heard, _ = self._ray.wait(pending, timeout=LOOK_EVERY_S)
            quiet = 0 if any(worker.where for worker in self._workers) else quiet + 1
            if quiet == PATIENCE_LOOKS:
                yield None, Said("the cluster has no room for a worker yet")
            for one in heard:
                yield from self._hear(next(it for it in self._workers if it.pending is one))

    def _unfinished(self) -> int:
        return len(self._tasks) + sum(worker.task is not None for worker in self._workers)

    def _hear(self, worker: _Worker) -> Iterator[tuple[Task | None, Event]]:
        """What one worker has to say."""
        ray, pending = self._ray, worker.pending
        try:
            stream = isinstance(pending, ray.ObjectRefGenerator)
            said = ray.get(next(pending) if stream else pending)
        except ray.exceptions.RayError as death:
            yield from self._bury(worker, death)
            return
        match said:
            case Whereabouts():
                worker.where, worker.cores = said, self._cores_for(said)
                home = Path.cwd()
                there = settings_there(self._settings, self._share.gpus)
                worker.pending = worker.actor.open.remote(there, worker.cores, home, self._seen)
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

    def _cores_for(self, where: Whereabouts) -> frozenset[int]:
        """Cores that no other worker on that machine has; none where there are too few."""
        beside = (it for it in self._workers if it.where and it.where.node == where.node)
        free = sorted(where.cores.difference(*(worker.cores for worker in beside)))
        few = len(free) < self._share.cores
        return frozenset() if few else frozenset(free[: self._share.cores])

    def _hand_next(self, worker: _Worker) -> Iterator[tuple[Task | None, Event]]:
        worker.task = self._tasks.popleft() if self._tasks else None
        if worker.task is None:
            self._let_go(worker)
            return
        yield worker.task, Handed()
        stream = worker.actor.process.options(num_returns="streaming")
        worker.pending = stream.remote(worker.task)

    def _let_go(self, worker: _Worker) -> None:
        """End a worker, so that others can have its room."""
        self._workers.remove(worker)
        self._ray.kill(worker.actor)

    def _bury(self, worker: _Worker, problem: Exception) -> Iterator[tuple[Task | None, Event]]:
        """A worker is no more."""
        self._let_go(worker)
        task = worker.task
        if task is None:
            self._stillborn += 1
            if self._stillborn >= ATTEMPTS:
                raise EngineError(f"a worker on {worker.machine} died at once: {_first(problem)}")
            return
        self._dead[task.output] += 1
        if self._dead[task.output] >= ATTEMPTS:
            message = f"{ATTEMPTS} workers died over it, the last one on {worker.machine}"
            yield task, Ended(Result("failed", message=message))
            return
        yield task, Said(f"its worker on {worker.machine} died: it is begun again")
        # What stands there under final names is this run's own, by a worker that then died.
        self._tasks.appendleft(replace(task, overwrite=True))

    def _do_without(
        self, worker: _Worker, problem: DivergentError
    ) -> Iterator[tuple[Task | None, Event]]:
        """A worker has no engine: the others go on, if there are others."""
        self._let_go(worker)
        if not self._workers:
            raise problem
        self._most = len(self._workers)
        yield None, Said(f"warning: no more than {self._most} workers: {problem}")


def _first(problem: Exception) -> str:
    """The last line of what Ray says, which names the cause."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[-1] if lines else type(problem).__name__
