"""How long something takes, told by percentiles."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

WARM_UP = 2
"""Runs that are not counted: a first one allocates, and may compile."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long the runs of something took.

    Attributes:
        runs: how many there were.
        per_second: how many fit into a second, one after another.
        p50_ms: median.
        p95_ms: 95th percentile; with few runs these are among the longest.
        p99_ms: 99th percentile.
        max_ms: the longest.
    """

    runs: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Times":
        """Percentiles of at least one run."""
        milliseconds = 1e3 * np.asarray(seconds, np.float64)
        p50, p95, p99 = np.percentile(milliseconds, (50, 95, 99), method="higher")
        rate = 1e3 * len(seconds) / float(milliseconds.sum())
        return cls(
            len(seconds), rate, float(p50), float(p95), float(p99), float(milliseconds.max())
        )

    def as_dict(self) -> dict[str, float]:
        """Plain values for JSON."""
        return asdict(self)


def repeat(
    work: Callable[[], object], seconds: float, *, least: int = 3, warm_up: int = WARM_UP
) -> list[float]:
    """Do something again and again, and say how long each time took.

    Args:
        work: done at once when it returns.
        seconds: after which no further run begins.
        least: runs that are done whatever they take.
        warm_up: runs before those.

    Returns:
        Seconds of each run.
    """
    for _ in range(warm_up):
        work()
    taken: list[float] = []
    until = time.perf_counter() + seconds
    while len(taken) < least or time.perf_counter() < until:
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return taken


def in_turn(
    contenders: Sequence[Callable[[], object]],
    seconds: float,
    *,
    least: int = 3,
    warm_up: int = WARM_UP,
    burst: int = 1,
) -> list[list[float]]:
    """As `repeat` with several things in turn, so that what disturbs the machine disturbs all.

    Args:
        contenders: each is done at once when it returns.
        seconds: after which no further turn begins.
        least: turns that are taken whatever they take.
        warm_up: runs of each before all that.
        burst: counted runs a turn; before more than one comes another that is not counted, since
            it finds the caches full of the others' data and their threads still spinning.

    Returns:
        Seconds of each run, for each contender.
    """
    for work in contenders:
        repeat(work, 0.0, least=0, warm_up=warm_up)
    taken: list[list[float]] = [[] for _ in contenders]
    until = time.perf_counter() + seconds
    while len(taken[0]) < least or time.perf_counter() < until:
        for number, work in enumerate(contenders):
            taken[number] += repeat(work, 0.0, least=burst, warm_up=burst > 1)
    return taken
