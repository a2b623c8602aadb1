"""A process for what may hang outside Python: spawned, heard through a pipe, ended at any time."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

END_WITHIN_S = 0.5
"""What a child may take to see that its pipe is closed and to end, before it is killed."""


@dataclass(frozen=True, slots=True)
class Said:
    """A child has a line for people."""

    line: str


@dataclass(frozen=True, slots=True)
class Faulted:
    """A child raised, and ends."""

    line: str


class Child:
    """A process and this side's end of the pipe to it.

    It leaves Ctrl-C to its parent, and SIGTERM, which whoever stops a service sends to all of
    its processes, and ends when its parent does. Nothing that it holds may need
    saving: it is ended at any time.
    """

    def __init__(self, serve: Callable[..., None], *arguments: Any, name: str) -> None:
        """Start it.

        Args:
            serve: its whole life; called with its end of the pipe and the arguments. Where the
                parent hangs up, what the pipe raises may leave it.
            arguments: anything that can be pickled.
            name: of the process, for whoever looks at it; `ps` and `top` show its first 15 letters.
        """
        context = multiprocessing.get_context("spawn")
        connection, theirs = context.Pipe()
        self.connection: Connection[Any, Any] = connection
        self.process = context.Process(
            target=_live, args=(theirs, serve, arguments, name), name=name, daemon=True
        )
        with leaving_interrupts(signal.SIGINT, signal.SIGTERM):
            self.process.start()
        theirs.close()  # or its end would never be seen

    def kill(self) -> None:
        """End it at once, whatever it does."""
        with suppress(ValueError):  # already let go
            self.process.kill()

    def end(self) -> str:
        """Hang up, see it end, and tell how it did, in words."""
        self.connection.close()
        self.process.join(END_WITHIN_S)
        self.process.kill()
        self.process.join()
        fate = fate_of(self.process.exitcode or 0)
        self.process.close()
        return fate


@contextmanager
def telling_faults(tell: Callable[[Faulted], None]) -> Iterator[None]:
    """In a child: what goes wrong is told, but for a parent that hung up."""
    try:
        yield
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as fault:
        tell(Faulted(f"{type(fault).__name__}: {' '.join(str(fault).split())}"))


def fate_of(code: int) -> str:
    """How a process with this exit code ended, in words."""
    if code >= 0:
        return f"ended with status {code}"
    name = signal.Signals(-code).name
    hint = ": perhaps memory ran out" if -code == signal.SIGKILL else ""
    return f"was ended by {name}{hint}"


@contextmanager
def leaving_interrupts(*left: signal.Signals) -> Iterator[None]:
    """A process that is started meanwhile leaves these signals to this one; Ctrl-C if none."""
    resource_tracker.ensure_running()  # its own start would let signals through again
    signals = signal.pthread_sigmask(signal.SIG_BLOCK, left or (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)


def end_with_parent() -> None:
    """End this process, whatever it does, as soon as its parent has ended."""
    threading.Thread(target=_wait_for_parent, name="parent", daemon=True).start()


def _live(
    connection: "Connection[Any, Any]", serve: Callable[..., None], arguments: Any, name: str
) -> None:
    with suppress(OSError):  # where there is no such file, it is called as its program is
        Path("/proc/self/comm").write_text(name, "utf-8")
    end_with_parent()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        serve(connection, *arguments)
    os._exit(0)  # what libraries do at an ordinary end takes long, and can hang


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
