"""What a live run does to the machine: read once a second, on a thread that may hang alone."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import psutil

from stream.live.gpu import Gpu, open_gpu
from stream.stats import MachineFigures

EVERY_S = 1.0

OLD_S = 5.0
"""Older figures say nothing of now: a driver in trouble may keep its callers waiting."""

CHILDREN_EVERY_S = 5.0
"""Looking for this program's processes among all takes longer than reading them."""


class Machine:
    """Reads the machine's figures in the background; a context manager."""

    def __init__(
        self, device: str = "auto", find_gpu: Callable[[str], Gpu | None] = open_gpu
    ) -> None:
        """Nothing is read yet.

        Args:
            device: of the engine, as in its settings; says which GPU is meant.
            find_gpu: opens the GPU of such a device, if there is one.
        """
        self._device, self._find_gpu = device, find_gpu
        self._latest, self._read_at = MachineFigures(), 0.0
        self._program = _Program()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="machine", daemon=True)

    def __enter__(self) -> "Machine":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join(EVERY_S)  # not for ever: it may be with the GPU's driver

    def figures(self) -> MachineFigures:
        """The latest there are."""
        return self._latest if time.monotonic() - self._read_at < OLD_S else MachineFigures()

    def _run(self) -> None:
        gpu = self._find_gpu(self._device)
        psutil.cpu_percent()  # counts from here
        while not self._closing.wait(EVERY_S):
            read = self._read()
            self._latest = read if gpu is None else gpu.add_to(read)
            self._read_at = time.monotonic()

    def _read(self) -> MachineFigures:
        memory = psutil.virtual_memory()
        figures = MachineFigures(
            cpu_percent=psutil.cpu_percent(),
            cpu_cores=psutil.cpu_count(),
            memory_bytes=memory.total - memory.available,
            memory_total_bytes=memory.total,
        )
        return self._program.add_to(figures)


class _Program:
    """A run's own process and those that it started."""

    def __init__(self) -> None:
        self._main = psutil.Process(os.getpid())
        self._seen: dict[int, float] = {}
        self._children: list[psutil.Process] = []
        self._read_at = self._looked_at = 0.0

    def add_to(self, figures: MachineFigures) -> MachineFigures:
        """The figures, with those of the program."""
        now = time.monotonic()
        if now - self._looked_at >= CHILDREN_EVERY_S:
            self._looked_at, self._children = now, self._main.children()
        used_s, held, seen = 0.0, 0, {}
        for process in (self._main, *self._children):
            try:
                times, memory = process.cpu_times(), process.memory_info()
            except psutil.Error:  # it has ended
                continue
            seen[process.pid] = times.user + times.system
            used_s += seen[process.pid] - self._seen.get(process.pid, seen[process.pid])
            held += memory.rss - getattr(memory, "shared", 0)
        passed_s, known = now - self._read_at, bool(self._seen)
        self._seen, self._read_at = seen, now
        share = 100 * used_s / passed_s if known else None
        return replace(figures, program_percent=share, program_bytes=held)
