"""A worker process: an engine, and one recording after another that its parent names.

What it says to its parent goes through a pipe.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from nets.errors import DivergentError
from stream.child import Said, end_with_parent
from stream.interruption import Interrupted, interruptible
from stream.progress import Count
from stream.settings import ProcessSettings
from stream.task import Result, Task, attempt, engine_for

TELL_EVERY_S = 0.2
"""Between two words about how far it is."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has its engine."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker cannot have its engine."""

    problem: DivergentError


@dataclass(frozen=True, slots=True)
class Handed:
    """A worker is about to get a recording."""


@dataclass(frozen=True, slots=True)
class Began:
    """A recording is open and has about so many frames."""

    name: str
    frames: int | None


@dataclass(frozen=True, slots=True)
class Progressed:
    """So much of a recording is through."""

    count: Count


@dataclass(frozen=True, slots=True)
class Ended:
    """A recording is through, or given up."""

    result: Result


Event = Handed | Began | Progressed | Said | Ended


def serve(connection: "Connection[object, Task | None]", settings: ProcessSettings) -> None:
    """Process what comes through a pipe until nothing more comes; a worker's whole life."""
    end_with_parent()
    with suppress(Interrupted, EOFError, BrokenPipeError), interruptible():
        try:
            opened = engine_for(settings)
        except DivergentError as problem:
            connection.send(Refused(problem))
            return
        with opened as engine:
            connection.send(Ready())
            teller = Teller(connection.send)
            while (task := connection.recv()) is not None:
                connection.send(Ended(attempt(task, settings, lambda: engine, teller)))


class Teller:
    """Follows a task, and tells of it now and then."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._told = 0.0

    def begin(self, name: str, frames: int | None) -> None:
        """The recording is open."""
        self._tell(Began(name, frames))

    def update(self, count: Count) -> None:
        """So much is through; told a few times a second."""
        now = time.monotonic()
        if now - self._told >= TELL_EVERY_S:
            self._told = now
            self._tell(Progressed(replace(count)))

    def say(self, line: str) -> None:
        """One line for people."""
        self._tell(Said(line))
