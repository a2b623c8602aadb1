"""A worker on a cluster: an engine, and one recording after another, in a process of Ray's."""

import os
import platform
import threading
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from nets.engine import Engine
from nets.errors import DivergentError
from stream.errors import ClusterError
from stream.settings import ProcessSettings
from stream.task import Task, attempt, engine_for
from stream.worker import Ended, Event, Ready, Refused, Teller


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a worker runs.

    Attributes:
        node: Ray's name for the machine.
        machine: its name for people.
        cores: that its process may use.
    """

    node: str
    machine: str
    cores: frozenset[int]


class ClusterWorker:
    """What Ray makes an actor of; it talks in the words of `stream.worker`."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._settings = ProcessSettings()

    def whereabouts(self) -> Whereabouts:
        """Where this is."""
        import ray

        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        node = ray.get_runtime_context().get_node_id()
        return Whereabouts(node, platform.node(), frozenset(cores))

    def open(
        self, settings: ProcessSettings, cores: Set[int], home: Path, seen: Path
    ) -> Ready | Refused:
        """Open the engine.

        Args:
            settings: of all recordings.
            cores: that every library beneath shall take for the machine; all where it is empty.
            home: folder that relative names start from.
            seen: a file that every machine has to see.

        Returns:
            `Ready` or `Refused`.
        """
        try:
            self._settle(cores, home, seen)
            self._engine, self._settings = engine_for(settings), settings
        except DivergentError as problem:
            return Refused(problem)
        return Ready()

    def _settle(self, cores: Set[int], home: Path, seen: Path) -> None:
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)
        try:
            os.chdir(home)
            there = seen.exists()
        except OSError:
            there = False
        if not there:
            raise ClusterError(
                f"{seen.parent}: the machine {platform.node()} does not see it: recordings and "
                "outputs have to lie where every machine of the cluster sees them"
            )

    def process(self, task: Task) -> Iterator[Event]:
        """Process a recording; ends with `Ended`."""
        events: SimpleQueue[Event] = SimpleQueue()
        threading.Thread(target=self._attempt, args=(task, events), daemon=True).start()
        while True:
            event = events.get()
            yield event
            if isinstance(event, Ended):
                return

    def _attempt(self, task: Task, events: "SimpleQueue[Event]") -> None:
        engine = self._engine
        assert engine is not None
        result = attempt(task, self._settings, lambda: engine, Teller(events.put))
        events.put(Ended(result))


def actor_class(ray: Any, cores: int, gpus: int) -> Any:
    """`ClusterWorker` as an actor that asks for so many cores and GPUs."""
    return ray.remote(num_cpus=cores, num_gpus=gpus, max_restarts=0)(ClusterWorker)


def settings_there(settings: ProcessSettings, gpus: int) -> ProcessSettings:
    """The settings as a worker gets them: Ray shows it no GPU but its own, or none."""
    if settings.device != "auto":
        return settings
    return replace(settings, device="cuda" if gpus else "cpu")
