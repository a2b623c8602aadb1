"""The handle of a window in the main process."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import Protocol

from nets.errors import DivergentError
from stream.child import Child, Faulted, Said, fate_of
from stream.live.shown import Shown
from stream.live.window.actions import Action
from stream.live.window.gui import HighGui, Opener
from stream.live.window.messages import (
    Closed,
    Done,
    Labelled,
    Opened,
    Place,
    Pressed,
    Refused,
    Sign,
    Word,
)
from stream.live.window.newest import Newest
from stream.live.window.sender import Sender
from stream.live.window.serving import serve
from stream.stats import WindowFigures

OPENS_WITHIN_S = 60.0
HANGS_AFTER_S = 5.0
"""Some window systems hold a program for as long as somebody drags its window."""

WATCH_EVERY_S = 0.2

PAUSES_S = (0.5, 2.0, 10.0, 30.0)
"""Before a window that was lost is opened again, the first time, the second, and so on."""

STEADY_S = 60.0
"""A window that stood for so long begins with the first pause again."""


class Desk(Protocol):
    """What a window shows, and who does what its keys ask for. Called on any thread."""

    def see(self, shown: Shown) -> Shown | None:
        """What to show when a picture comes; None where nothing new shall be shown."""

    def press(self, action: Action) -> None:
        """Somebody pressed a key."""

    def label(self, text: str) -> None:
        """Somebody wrote a case's label."""

    def close(self) -> None:
        """Somebody closed the window."""

    def sign(self) -> Sign:
        """What stands beside the picture now."""


class Window:
    """A window in a process of its own: watched, and opened again when it is lost.

    Attributes:
        problem: what ended it, where that is a fault.
    """

    def __init__(
        self,
        place: Place,
        desk: Desk,
        *,
        aspect: Callable[[], Fraction] = lambda: Fraction(1),
        warn: Callable[[str], None] = lambda line: None,
        headless: Callable[[str], None] = lambda reason: None,
        opener: Opener = HighGui,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            place: where it opens.
            desk: what it shows, and who does what its keys ask for.
            aspect: tells the width of a sample divided by its height.
            warn: told what people have to know, a line each.
            headless: told why there will be no window at all.
            opener: opens it in its process.
        """
        self.problem: BaseException | None = None
        self._place, self._desk, self._opener = place, desk, opener
        self._warn, self._headless = warn, headless
        self._newest = Newest()
        self._sender = Sender(self._newest, desk.sign, aspect, self._open_child)
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._is_open = self._was_open = self._over = self._hung = False
        self._opens_by = self._opened_at = 0.0
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in ((self._run, "window"), (self._watch, "window watch"))
        ]

    def start(self) -> None:
        """Open it; returns at once."""
        for thread in self._threads:
            thread.start()
        self._sender.start()

    def offer(self, shown: Shown) -> None:
        """Show a picture as soon as can be; returns at once."""
        seen = None if self._over else self._desk.see(shown)
        if seen is not None:
            self._newest.offer(seen)

    def refresh(self) -> None:
        """What stands beside the picture may have changed."""
        with self._newest.change:
            self._newest.change.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether there is none, and will be none."""
        return self._over

    def leave(self) -> None:
        """Somebody has had enough of it: it goes, and does not come back. From any thread."""
        self._over = True
        self.kill()

    def kill(self) -> None:
        """End its process at once, as a fault would; it is opened again."""
        with self._lock:
            if self._child is not None:
                self._child.kill()

    def figures(self) -> WindowFigures | None:
        """How it does; None where there never was one."""
        return self._newest.figures(is_open=self._is_open) if self._was_open else None

    def close(self) -> None:
        """Close it; returns within 2 s."""
        self._closing.set()
        self.kill()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(1.0)
        self._sender.close()

    def _open_child(self) -> Child | None:
        with self._lock:
            return self._child if self._is_open else None

    def _run(self) -> None:
        try:
            self._live()
        except BaseException as problem:
            self.problem, self._over = problem, True

    def _live(self) -> None:
        """Open the window, listen to its process until it ends, and again."""
        losses = 0
        while True:
            began = time.monotonic()
            fate = self._live_once()
            if self._closing.is_set() or self._over:
                return
            if not self._was_open:
                self._over = True
                self._headless(fate)
                return
            losses = 1 if time.monotonic() - began > STEADY_S else losses + 1
            pause_s = PAUSES_S[min(losses, len(PAUSES_S)) - 1]
            self._warn(f"{fate}: it is opened again in {pause_s:g} s")
            self._closing.wait(pause_s)

    def _live_once(self) -> str:
        """One process from its start to its end; how it ended, in words."""
        child = Child(serve, self._place, self._opener, name="window")
        with self._lock:
            self._child, self._hung = child, False
            self._opens_by = time.monotonic() + OPENS_WITHIN_S
        if self._closing.is_set():
            child.kill()
        fault = ""
        with suppress(EOFError, OSError):
            while True:
                fault = self._hear(child.connection.recv()) or fault
        with self._lock:
            self._child, self._is_open = None, False
        self._newest.begin_anew()
        fate = child.end()
        return "the window did not answer" if self._hung else fault or self._in_words(fate)

    def _hear(self, word: Word) -> str:
        """Do what a message asks for; words for the end that it announces."""
        match word:
            case Opened():
                with self._lock:
                    self._is_open = self._was_open = True
                    self._opened_at = time.monotonic()
                self.refresh()
            case Done(arrived_at, painted_at):
                self._newest.done(arrived_at, painted_at)
            case Pressed(action):
                self._desk.press(action)
                self.refresh()
            case Labelled(label):
                self._desk.label(label)
                self.refresh()
            case Closed():
                self._over = True
                self._desk.close()
            case Said(line):
                self._warn(line)
            case Refused(reason):
                return reason
            case Faulted(line):
                return f"the window raised {line}"
        return ""

    def _in_words(self, fate: str) -> str:
        """Why a process ended that said nothing: what Qt does without its display."""
        display = os.environ.get("DISPLAY", "")
        if not self._was_open and fate == fate_of(-signal.SIGABRT):
            return f"the display {display} cannot be opened"
        return f"the window's process {fate}"

    def _watch(self) -> None:
        """End a process that takes too long, and a window that cannot be sent anything."""
        while not self._closing.wait(WATCH_EVERY_S) and not self._over:
            now = time.monotonic()
            with self._lock:
                late = not self._is_open and now > self._opens_by
                stuck_s = min(self._newest.stuck_for(), now - self._opened_at)
                stuck = self._is_open and stuck_s > HANGS_AFTER_S
                if self._child is not None and (late or stuck):
                    self._hung = True
                    self._child.kill()
            if self._sender.problem is not None:
                self._give_up(self._sender.problem)

    def _give_up(self, problem: BaseException) -> None:
        """No window any more."""
        self._over = True
        if isinstance(problem, DivergentError):
            self._headless(str(problem))
        else:
            self.problem = problem
        self.kill()
