"""Long work in a process of its own, so that the picture never waits for Python's lock."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from nets.errors import DivergentError
from stream.child import Child
from stream.errors import SinkError

LESS_URGENT = 5
"""Added to the process's niceness: the picture comes first."""

POLL_S = 0.1

Work = tuple[Callable[..., object], tuple[Any, ...]]


class Apart:
    """Calls functions in another process, one after another; it is started when there is work."""

    def __init__(self, name: str) -> None:
        """Start nothing yet.

        Args:
            name: of the process, for whoever looks at it.
        """
        self._name = name
        self._child: Child | None = None
        self._hurried = threading.Event()

    def run(self, work: Callable[..., object], *arguments: Any) -> bool:
        """Call a function there and wait for it.

        Args:
            work: of a module, so that the process can import it.
            arguments: anything that can be pickled.

        Returns:
            Whether it was done; False where there is no time for it.

        Raises:
            SinkError: it said so, or its process died.
        """
        if self._hurried.is_set():
            return False
        child = self._child = self._child or Child(_serve, name=self._name)
        try:
            child.connection.send((work, arguments))
            while not child.connection.poll(POLL_S):
                if self._hurried.is_set():
                    child.kill()
                    self.rest()
                    return False
            problem: str | None = child.connection.recv()
        except (EOFError, OSError):
            self._child = None
            problem = f"{work.__name__.replace('_', ' ')}: its process {child.end()}"
        if problem is not None:
            raise SinkError(problem)
        return True

    def rest(self) -> None:
        """End the process until there is work again."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def hurry(self) -> None:
        """Do no long work any more; what goes on is ended. May be called from any thread."""
        self._hurried.set()


def _serve(connection: "Connection[str | None, Work]") -> None:
    """The process's whole life."""
    with suppress(OSError, AttributeError):
        os.nice(LESS_URGENT)
    while True:
        work, arguments = connection.recv()
        try:
            work(*arguments)
        except DivergentError as problem:
            connection.send(str(problem))
        else:
            connection.send(None)
