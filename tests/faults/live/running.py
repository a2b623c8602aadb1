"""A live run in a process of its own, its figures, its notes, and the processes it is made of."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h11
import numpy as np
import numpy.typing as npt
import psutil

from tests.faults.live.noting import NOTE
from tests.stream.preview.viewer import Viewer

ROOT = Path(__file__).resolve().parents[3]

PATIENCE_S = 60.0
"""For something to happen on a machine that is busy."""

STOOD_STILL_S = 0.5
"""A process that runs later than this was stopped, or the machine slept."""

LEAVES_WITHIN_S = 10.0
"""What processes may take to see that their parent is gone."""

NOTED = np.dtype(
    [("room", "<u4"), ("index", "<i8"), ("seconds", "<f8"), ("arrived", "<f8"), ("shown", "<f8")]
)
assert NOTED.itemsize == NOTE.size

ROLES = ("capture", "inference", "preview", "window")


class LiveRun:
    """`divergent-stream live`; a context manager that leaves no process behind.

    Attributes:
        folder: that it works in.
        record: folder of its recordings.
        process: the run's main process.
        left: names of processes that had to be ended when it was over.
    """

    def __init__(self, folder: Path, *words: object, record: bool = True) -> None:
        """Start it.

        Args:
            folder: to work in; files there steer it, see `noting`.
            words: sources and options.
            record: record into `folder/record`.
        """
        self.folder, self.record = folder, folder / "record"
        self.left: list[str] = []
        self._seen: dict[int, psutil.Process] = {}
        options = ["-w", "fixed:", "--json", "--no-show"]
        options += ["--record", str(self.record), "--keep-free", "1MB"] if record else []
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        with (folder / "stdout.txt").open("wb") as out, (folder / "stderr.txt").open("wb") as told:
            self.process = psutil.Popen(
                [
                    *(sys.executable, "-m", "tests.faults.live.noting", str(folder), "live"),
                    *map(str, words),
                    *options,
                ],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=told,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._look()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        _, left = psutil.wait_procs(list(self._seen.values()), LEAVES_WITHIN_S)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                self.left.append(process.name())
                process.kill()

    @property
    def said(self) -> str:
        """On standard error."""
        return (self.folder / "stderr.txt").read_text("utf-8", errors="replace")

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Of each second, the latest last."""
        lines = (self.folder / "stdout.txt").read_bytes().rpartition(b"\n")[0].splitlines()
        return [json.loads(line) for line in lines]

    @property
    def latest(self) -> dict[str, Any]:
        """The figures of the latest second; none before the first."""
        with (self.folder / "stdout.txt").open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 65536))
            lines = file.read().rpartition(b"\n")[0].splitlines()
        found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
        return found

    def notes(self, room: int | None = None) -> npt.NDArray[np.void]:
        """What was shown until now, an entry a frame, in order; of one room or of all."""
        path = self.folder / "shown"
        content = path.read_bytes() if path.exists() else b""
        noted = np.frombuffer(content[: len(content) // NOTE.size * NOTE.size], NOTED)
        return noted if room is None else noted[noted["room"] == room]

    def shown(self, room: int = 0) -> int:
        """Frames of a room that were shown until now."""
        return len(self.notes(room))

    def processes(self) -> dict[str, list[psutil.Process]]:
        """The run's own children by what they do, those of captures in the order they began."""
        self._look()
        found: dict[str, list[psutil.Process]] = {role: [] for role in ROLES}
        for process in sorted(self._seen.values(), key=lambda one: one.pid):
            with suppress(psutil.NoSuchProcess):
                if process.status() != psutil.STATUS_ZOMBIE:
                    for role in ROLES:
                        if process.name().startswith(role):
                            found[role].append(process)
        return found

    def tree(self) -> list[psutil.Process]:
        """The main process and all that live under it."""
        self._look()
        return [self.process, *(one for one in self._seen.values() if one.is_running())]

    def wait(self, until: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until something is so.

        Raises:
            NotSoError: it does not become so, or the run is over.
        """
        waited_s, looked_at = 0.0, time.monotonic()
        while not until():
            status = self.process.poll()
            if status is not None:
                raise NotSoError(f"{what}: the run ended with {status}: {self.said[-300:]}")
            if waited_s > patience_s:
                raise NotSoError(f"{what}: not within {patience_s:g} s: {self.said[-300:]}")
            time.sleep(0.02)
            now = time.monotonic()
            waited_s += min(now - looked_at, STOOD_STILL_S)  # without what the machine slept
            looked_at = now

    def end(self, within_s: float = PATIENCE_S) -> int:
        """Ctrl-C, and its status; it closes all its files before.

        Raises:
            NotSoError: it takes longer.
        """
        self._look()
        self.process.send_signal(signal.SIGINT)
        waited_s, looked_at = 0.0, time.monotonic()
        while (status := self.process.poll()) is None:
            if waited_s > within_s:
                raise NotSoError(f"it did not end within {within_s:g} s: {self.said[-300:]}")
            time.sleep(0.02)
            now = time.monotonic()
            waited_s += min(now - looked_at, STOOD_STILL_S)
            looked_at = now
        return int(status)

    def _look(self) -> None:
        with suppress(psutil.NoSuchProcess):
            for process in self.process.children(recursive=True):
                self._seen[process.pid] = process


class Pulse:
    """Notes when this process itself stood still; a context manager.

    A machine that sleeps, or gives all its time to others, stops the pictures too.

    Attributes:
        still: from when until when, in monotonic seconds.
    """

    def __init__(self) -> None:
        self.still: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def stood(self, began: float, ended: float) -> bool:
        """Whether it stood still at any time between these, or shortly before or behind."""
        return any(
            one < ended + STOOD_STILL_S and began < other + STOOD_STILL_S
            for one, other in self.still
        )

    def _beat(self) -> None:
        before = time.monotonic()
        while not self._over.wait(0.02):
            now = time.monotonic()
            if now - before > STOOD_STILL_S:
                self.still.append((before, now))
            before = now


class Looker:
    """Looks at a run's preview, and again when it breaks off; a context manager.

    Attributes:
        pictures: that came until now.
    """

    def __init__(self, port: int) -> None:
        self.pictures = 0
        self._port = port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _look(self) -> None:
        while not self._over.is_set():
            with suppress(OSError, h11.RemoteProtocolError), Viewer(self._port) as viewer:
                while not self._over.is_set() and (part := viewer.part()) is not None:
                    self.pictures += part[0] == b"P"
            self._over.wait(0.1)


class NotSoError(Exception):
    """A run does not do what it should."""
