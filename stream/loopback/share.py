"""How much of the processor this program's processes use."""

import multiprocessing
import time
from collections import defaultdict
from contextlib import suppress

import psutil


class Shares:
    """Counts from when it is made."""

    def __init__(self) -> None:
        """Begin to count."""
        self._began, self._before = time.monotonic(), _seconds()

    def used(self) -> dict[str, float]:
        """Cores used since, by kind of process: `main`, `capture`, `inference`, `sender`."""
        passed, now = time.monotonic() - self._began, _seconds()
        used = {name: now[name] - self._before.get(name, 0.0) for name in sorted(now)}
        return {name: round(seconds / passed, 2) for name, seconds in used.items()}


def _seconds() -> dict[str, float]:
    """Processor seconds until now, by kind of process."""
    seconds = defaultdict(float, main=_used(psutil.Process()))
    for child in multiprocessing.active_children():
        with suppress(psutil.NoSuchProcess):
            seconds[child.name.partition("-")[0]] += _used(psutil.Process(child.pid))
    return seconds


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
