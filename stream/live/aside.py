"""Telling on a thread of its own: a terminal that does not take what is told stops no picture."""

import threading
from collections import deque
from typing import Protocol, TypeAlias

from stream.stats import LiveFigures

MOST_WAITING = 1000
"""Of what waits to be told: the oldest is left out then. A quarter of an hour of figures."""


class Teller(Protocol):
    """Tells people of a run."""

    def say(self, line: str) -> None:
        """Something happened."""

    def show(self, figures: LiveFigures) -> None:
        """The figures of a second."""

    def end(self, figures: LiveFigures) -> None:
        """The figures of the whole run; nothing more comes."""


class _End:
    """The figures of the whole run."""

    def __init__(self, figures: LiveFigures) -> None:
        self.figures = figures


Told: TypeAlias = str | LiveFigures | _End


class Aside:
    """A teller whose listeners do not wait for it; `say` and `show` return at once.

    Attributes:
        problem: what ended the telling, where that is a fault. That nobody is there any more to
            be told is none.
    """

    def __init__(self, teller: Teller) -> None:
        """Start.

        Args:
            teller: is called on a thread of this class only.
        """
        self.problem: BaseException | None = None
        self._teller = teller
        self._waiting: deque[Told] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
        self._thread.start()

    def say(self, line: str) -> None:
        """Something happened."""
        self._put(line)

    def show(self, figures: LiveFigures) -> None:
        """The figures of a second.

        Raises:
            Exception: a fault of the telling.
        """
        if self.problem is not None:
            raise self.problem
        self._put(figures)

    def end(self, figures: LiveFigures) -> None:
        """The figures of the whole run; returns when all is told."""
        self._put(_End(figures))
        self._thread.join()

    def _put(self, told: Told) -> None:
        with self._changed:
            self._waiting.append(told)
            self._changed.notify()

    def _run(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting)
                    told = self._waiting.popleft()
                match told:
                    case str():
                        self._teller.say(told)
                    case LiveFigures():
                        self._teller.show(told)
                    case _End():
                        self._teller.end(told.figures)
                        return
        except OSError:  # the terminal or the pipe is gone: the run goes on, unseen
            pass
        except BaseException as problem:
            self.problem = problem
