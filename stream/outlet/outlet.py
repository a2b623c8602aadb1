"""The handle of a process that gets a run's pictures: it never keeps the run waiting.

    offer ─▶ waiting ─▶ feeder ─▶ ring, pipe ─▶ process
                                                  │ what it wants, what it has to say
    on_word ◀────────── this thread ◀─────────────┘

A process that dies, or does not come to its work for a while, is started again.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from stream.child import Child
from stream.outlet.feeder import Feeder
from stream.outlet.messages import Beat, Wanted
from stream.outlet.waiting import Make, Waiting

HANGS_S = 10.0

PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Before the process is started again, the first time, the second ... and from then on."""

STEADY_S = 60.0
"""A process that ran for so long begins with the first pause again."""

FINISH_S = 0.7
"""What a process may take to say goodbye to whoever it sends to."""

CLOSE_S = 1.0


class Outlet:
    """Hands frames to a process of its own; `offer` and `say` return at once, from any thread.

    `on_word` and `on_lost` are called on a thread of this class.

    Attributes:
        is_there: whether the process runs and has come to its work.
        problem: a fault of the program that ended it all.
    """

    def __init__(
        self,
        serve: Callable[..., None],
        *arguments: Any,
        name: str,
        on_word: Callable[[Any], None],
        on_lost: Callable[[str], None],
        backlog: int = 1,
        period_s: float = 0.0,
        hangs_s: float = HANGS_S,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            serve: the process's life: gets its end of the pipe and the arguments.
            arguments: anything that can be pickled for a process that starts.
            name: of the process.
            on_word: gets what the process says.
            on_lost: told how the process ended, in words; it is started again.
            backlog: frames of a room that wait at most.
            period_s: between two frames of a room, on average at least.
            hangs_s: a process that does not come to its work for so long is ended.
        """
        self.is_there = False
        self.problem: BaseException | None = None
        self._serve, self._arguments, self._name = serve, arguments, name
        self._on_word, self._on_lost, self._hangs_s = on_word, on_lost, hangs_s
        self._waiting = Waiting(backlog, period_s)
        self._closing = threading.Event()
        self._child: Child | None = None
        self._feeder: Feeder | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the process; returns at once."""
        self._thread.start()

    def offer(self, room: int, make: Make) -> None:
        """Offer a room's next frame.

        Args:
            room: its number.
            make: gives the frame; called on a thread of this class, if it is wanted at all.
        """
        self._waiting.put(room, make)

    def say(self, subject: str, word: object) -> None:
        """Tell the process something; what is newer on the same subject takes its place."""
        self._waiting.say(subject, word)

    def dropped(self, room: int) -> int:
        """Frames of a room that were wanted and did not go out."""
        return self._waiting.dropped[room]

    def kill(self) -> None:
        """End the process at once, as a fault would; it is started again."""
        child = self._child
        if child is not None:
            child.kill()

    def close(self) -> None:
        """Let the process finish, or end it if it takes too long."""
        self._closing.set()
        feeder = self._feeder
        if feeder is not None:
            feeder.leave()
        if self._thread.is_alive():
            self._thread.join(FINISH_S)
            self.kill()
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        losses = 0
        while not self._closing.is_set() and self.problem is None:
            began = time.monotonic()
            fate = self._live_once()
            if self._closing.is_set():
                return
            losses = 1 if time.monotonic() - began > STEADY_S else losses + 1
            self._on_lost(fate)
            self._closing.wait(PAUSES_S[min(losses, len(PAUSES_S)) - 1])

    def _live_once(self) -> str:
        """One process from its start to its end; how it ended, in words."""
        child = self._child = Child(self._serve, *self._arguments, name=self._name)
        feeder = self._feeder = Feeder(child, self._waiting, name=self._name, hangs_s=self._hangs_s)
        feeder.start()
        if self._closing.is_set():
            child.kill()
        with suppress(EOFError, OSError):
            while True:
                self._hear(child.connection.recv(), feeder)
        self.is_there = False
        child.kill()  # a feeder that is sending to it goes on
        feeder.end()
        self._waiting.want(())
        self.problem = feeder.problem
        self._child = self._feeder = None
        fate = child.end()
        return feeder.fate or fate

    def _hear(self, word: Any, feeder: Feeder) -> None:
        match word:
            case Beat():
                self.is_there = True
                feeder.answered()
            case Wanted(rooms):
                self._waiting.want(rooms)
            case _:
                self._on_word(word)
