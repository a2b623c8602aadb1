"""A program whose standard output is read, watched, and ended."""

import ctypes
import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress

from stream.child import fate_of
from stream.errors import SourceError, UnusableSourceError
from stream.source.address import redacted

PIPE_BYTES = 1 << 20
"""Asked of the system, so that a picture fits in few pieces; it may grant less."""

LINES_KEPT, LINE_CHARACTERS = 3, 200
"""Of what the program says on standard error."""

END_WITHIN_S = 0.3
"""What it may take to end by itself when it is told to."""

SAID_WITHIN_S = 0.5

DIE_WITH_PARENT = 1
"""`PR_SET_PDEATHSIG` of Linux's prctl."""

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Program:
    """A running program; what PyAV reads from as from a file.

    It ends with this process, however that ends; on other systems than Linux when its pipe breaks.

    Attributes:
        patience_s: how long a read may take.
        received: bytes that came.
    """

    def __init__(self, words: list[str], shown: str, patience_s: float) -> None:
        """Start it, with no shell and nothing on its standard input.

        Args:
            words: the program and its arguments.
            shown: what it is called in messages.
            patience_s: as the attribute.

        Raises:
            UnusableSourceError: there is no such program, or it may not be run.
        """
        self.patience_s, self.received = patience_s, 0
        self._shown = shown
        self._said: deque[str] = deque(maxlen=LINES_KEPT)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own command, and no shell
                words,
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                # One call into a library that is loaded already: no lock can be in its way.
                preexec_fn=_die_with_parent if _LIBC else None,  # noqa: PLW1509
            )
        except (OSError, ValueError) as problem:
            raise UnusableSourceError(f"{shown}: {_refusal(problem)}") from problem
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        with suppress(OSError, AttributeError):
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._ready = select.poll()
        self._ready.register(self._pipe, select.POLLIN)
        self._listener = threading.Thread(target=self._listen, name="program", daemon=True)
        self._listener.start()

    def read(self, size: int) -> bytes:
        """What has come, at most so many bytes; nothing at the end.

        Raises:
            SourceError: nothing came.
        """
        if not self._ready.poll(self.patience_s * 1000):
            raise SourceError(f"{self._shown}: sent nothing for {self.patience_s:g} s")
        content = os.read(self._pipe, size)
        self.received += len(content)
        return content

    def end(self) -> str | None:
        """How it ended; empty where it ended well, None where it still runs."""
        until = time.monotonic() + SAID_WITHIN_S
        while (code := self._process.poll()) is None:
            if time.monotonic() > until:
                return None
            time.sleep(0.01)
        if code == 0:
            return ""
        self._listener.join(SAID_WITHIN_S)
        return ": ".join([fate_of(code), *list(self._said)[-1:]])

    def close(self) -> None:
        """End it, and what it started."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_WITHIN_S)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._listener.join(SAID_WITHIN_S)
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _listen(self) -> None:
        """Keep the last lines that it says, and let it never wait for that."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            text = redacted(line.decode(errors="replace").strip())
            if text:
                self._said.append(text[:LINE_CHARACTERS])


def _die_with_parent() -> None:
    assert _LIBC is not None
    _LIBC.prctl(DIE_WITH_PARENT, signal.SIGKILL)


def _refusal(problem: Exception) -> str:
    if isinstance(problem, FileNotFoundError):
        return "there is no such program"
    return f"cannot be run: {getattr(problem, 'strerror', None) or problem}"
