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

STATUS_OF_SIGNAL = 128
"""What shells add to a signal's number: 130 after Ctrl-C, 143 after SIGTERM."""


class Interrupted(KeyboardInterrupt):
    """A signal asked for the end; notes (`add_note`) say what was kept.

    Attributes:
        status: that the process ends with.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = STATUS_OF_SIGNAL + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` at the first signal, and end the process at the second.

    Outside the main thread, where signals cannot be handled, nothing changes.
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

    before: dict[int, Any] = {
        number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
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
