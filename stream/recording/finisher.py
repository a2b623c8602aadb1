"""What comes after the last picture of a file, one thing after another, beside all pictures."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from nets.errors import DivergentError
from stream.apart import Apart

Job = Callable[[Apart], None]
"""Finishes something; what takes long it does apart."""


class Finisher:
    """A thread that finishes files and recordings in the order in which they ended."""

    def __init__(self, name: str, warn: Callable[[str], None]) -> None:
        """Nothing is to be finished yet.

        Args:
            name: of the thread, and of the process for what takes long.
            warn: told what could not be finished, in one line.
        """
        self._warn = warn
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._apart = Apart(name)
        self._open = 0
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Finish something soon."""
        with self._change:
            self._open += 1
        self._jobs.put(job)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until all is finished; tells whether it is."""
        with self._change:
            return self._change.wait_for(lambda: self._open == 0, timeout_s)

    def hurry(self) -> None:
        """Take the shortest way from now on: nothing is copied, all gets its name."""
        self._apart.hurry()

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job(self._apart)
            except DivergentError as problem:
                self._warn(str(problem))
            except Exception as problem:  # a fault here must not end what goes on
                self._warn(f"a recording could not be finished: {problem!r}")
            if self._jobs.empty():
                self._apart.rest()
            with self._change:
                self._open -= 1
                self._change.notify_all()
