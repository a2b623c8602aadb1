"""Ctrl-C and SIGTERM: the first one closes what is open, the second ends at once."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

LAST_DEEDS: list[Callable[[], None]] = []
"""Done, within moments, before a second signal ends all: what would trouble the user's shell."""

LAST_DEEDS_S = 0.2

AGAIN_S = 0.02
"""After which a signal is raised again that came where exceptions are ignored."""

STATUS_OF_SIGNAL = 128
"""What shells add to a signal's number: 130 after Ctrl-C, 143 after SIGTERM."""


class Interrupted(KeyboardInterrupt):
    """A signal asked for the end; notes (`add_note`) say what was kept.

    Attributes:
        number: of the signal.
        status: that the process ends with.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.status = STATUS_OF_SIGNAL + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` at the first signal, and end the process at the second.

    Where Python ignores what is raised (in a destructor, in a library's callback), it is raised
    again as soon as that is over. Outside the main thread, where signals cannot be handled, nothing
    changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if seen:
            end_at_once(seen[0])
        seen.append(number)
        raise Interrupted(number)

    def again(number: int) -> None:
        if not seen:
            os.kill(os.getpid(), number)

    def ignored(unraisable: "sys.UnraisableHookArgs") -> None:
        if not isinstance(unraisable.exc_value, Interrupted):
            others(unraisable)
            return
        seen.clear()
        # Not now: it would be raised, and ignored, in here.
        timer = threading.Timer(AGAIN_S, again, (unraisable.exc_value.number,))
        timer.daemon = True
        timer.start()

    others, sys.unraisablehook = sys.unraisablehook, ignored
    before: dict[int, Any] = {
        number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    except Exception as problem:
        from nets.errors import DivergentError

        # A library that is broken off half way may tell of it by an exception of its own.
        if seen and not isinstance(problem, DivergentError):
            raise Interrupted(seen[0]) from problem
        raise
    finally:
        sys.unraisablehook = others
        seen.append(0)  # what was to be raised again would now end the process
        for number, handler in before.items():
            signal.signal(number, handler)


def end_at_once(number: int) -> None:
    """End this process and those it started; what they recorded stays playable."""
    for deed in LAST_DEEDS:
        doing = threading.Thread(target=deed, daemon=True)  # a terminal may keep it waiting
        doing.start()
        doing.join(LAST_DEEDS_S)
    if "multiprocessing" in sys.modules:
        import multiprocessing

        for child in multiprocessing.active_children():
            child.kill()
    os._exit(STATUS_OF_SIGNAL + number)
