"""What came of a part of the suite."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

from tests.faults.warm import Worker


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
    workers: Sequence[Worker],
) -> Result:
    """Run cases by their numbers, each worker one at a time.

    Args:
        numbers: of the cases.
        case: runs one; returns what was not as promised.
        workers: that run them.
    """
    result, started = Result(), time.monotonic()
    free: Queue[Worker] = Queue()
    for worker in workers:
        free.put(worker)

    def run(number: int) -> list[str]:
        worker = free.get()
        try:
            return [f"case {number}: {problem}" for problem in case(worker, number, result)]
        finally:
            free.put(worker)

    with ThreadPoolExecutor(len(workers)) as pool:
        for problems in pool.map(run, numbers):
            result.cases += 1
            result.failures += problems
    result.seconds = time.monotonic() - started
    return result
