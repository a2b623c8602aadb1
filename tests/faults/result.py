"""What came of a part of the suite."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

from tests.faults.warm import CHAIN, Worker


@dataclass
class Result:
    """What came of a part.

    Attributes:
        cases: how many were run.
        failures: a line for each that did not come out as promised, with its number.
        figures: what was measured, by name.
        seconds: how long it took.
    """

    cases: int = 0
    failures: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def most(self, name: str, value: float) -> None:
        """Keep the largest of some values."""
        self.figures[name] = max(round(value, 3), self.figures.get(name, 0.0))

    def count(self, name: str, times: int = 1) -> None:
        """Count something."""
        self.figures[name] = self.figures.get(name, 0) + times


def over(
    numbers: Sequence[int],
    case: Callable[[Worker, int, Result], Sequence[str]],
    *,
    jobs: int = 1,
    modules: Sequence[str] = CHAIN,
) -> Result:
    """Run cases by their numbers, each worker one at a time.

    Args:
        numbers: of the cases.
        case: runs one; returns what was not as promised.
        jobs: workers at a time.
        modules: that the workers import.
    """
    result, started = Result(), time.monotonic()
    workers: Queue[Worker] = Queue()

    def run(number: int) -> list[str]:
        worker = workers.get()
        try:
            return [f"case {number}: {problem}" for problem in case(worker, number, result)]
        finally:
            workers.put(worker)

    started_workers = [Worker(modules) for _ in range(jobs)]
    try:
        for worker in started_workers:
            workers.put(worker)
        with ThreadPoolExecutor(jobs) as pool:
            for problems in pool.map(run, numbers):
                result.cases += 1
                result.failures += problems
    finally:
        for worker in started_workers:
            worker.close()
    result.seconds = time.monotonic() - started
    return result
