"""The ensemble alone under the clock: batch by batch, against the machine and the authors' way."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nets.bundle import Bundle
from nets.engine import Engine
from nets.preprocessing import Prepared, Preprocessing, Rgb
from stream.bench.machine import Rates, cores
from stream.bench.timing import Times, in_turn, repeat

BATCHES = (1, 4, 8, 16, 32)
LEAST_RUNS = 3
BURST = 5
PATIENCE_S = 1.0
"""A batch that takes no longer is measured however little time there is."""

BYTES_OF = {"f32": 4, "bf16": 2, "f16": 2, "int8": 1}


@dataclass(frozen=True, slots=True)
class Work:
    """What an ensemble has to do for a picture, counted and not measured.

    Attributes:
        flop: multiplications and additions a picture.
        weights: numbers that are read once a batch.
        activations: numbers that layers read and write a picture.
    """

    flop: float
    weights: float
    activations: float

    def bytes_moved(self, arithmetic: str, batch: int) -> float:
        """Bytes a picture that pass through memory, if no layer is fused with the next."""
        return BYTES_OF[arithmetic] * (self.weights / batch + self.activations)


def work_of(bundle: Bundle) -> Work:
    """Count an ensemble's work."""
    from nets.cost import fusion_cost, member_costs

    cost = sum(member_costs(bundle).values(), fusion_cost(bundle))
    return Work(cost.flop, cost.parameters, cost.activations)


def batch_by_batch(
    engine: Engine, prepared: Sequence[Prepared], sizes: Sequence[int], seconds: float
) -> dict[int, Times]:
    """Times of whole batches.

    A size whose fewest runs would take several times its share of the time is left out.

    Args:
        engine: what finds polyps.
        prepared: pictures, taken again and again.
        sizes: of the batches, the smallest first.
        seconds: about how long to take for all of them.
    """
    found: dict[int, Times] = {}
    share = seconds / len(sizes)
    a_picture_s = 0.0
    for size in sizes:
        least = LEAST_RUNS if a_picture_s * size * LEAST_RUNS < 2 * share else 1
        if a_picture_s * size > max(4 * share, PATIENCE_S):
            continue
        batch = [prepared[number % len(prepared)] for number in range(size)]
        times = repeat(lambda b=batch: engine.predict(b), share, least=least, warm_up=1)  # type: ignore[misc]
        found[size] = Times.of(times)
        a_picture_s = statistics.median(times) / size
    return found


def against_roofline(per_second: float, work: Work, rates: Rates, batch: int) -> dict[str, float]:
    """How much of what the machine can do was done.

    Returns:
        `share_of_matrix_rate` and `share_of_copy_bandwidth`, and `allowed_per_second`: pictures
        a second if the scarcer of the two were used to the full.
    """
    moved = work.bytes_moved(rates.arithmetic, batch)
    by_flop = rates.flop_per_second / work.flop
    by_bytes = rates.bytes_per_second / moved
    return {
        "share_of_matrix_rate": per_second / by_flop,
        "share_of_copy_bandwidth": per_second / by_bytes,
        "allowed_per_second": min(by_flop, by_bytes),
    }


def against_authors(
    bundle: Bundle,
    engine: Engine,
    prepared: Prepared,
    inputs: dict[Preprocessing, Rgb],
    seconds: float,
) -> dict[str, Any]:
    """One picture by this engine and by the authors' way, in turn.

    Args:
        bundle: the ensemble.
        engine: runs it.
        prepared: a picture as the engine wants it.
        inputs: the same picture by each preprocessing.
        seconds: about how long to take.

    Returns:
        Median milliseconds of the engine and of both memory formats of the authors' way, and
        `ratio`: how many times the engine is faster than the faster of them.
    """
    import torch

    from stream.bench.authors import MEMORY_FORMATS, AuthorsWay

    torch.set_num_threads(cores())  # or OMP_NUM_THREADS=1 would make us shine
    ways = {name: AuthorsWay(bundle, engine.device, name) for name in MEMORY_FORMATS}
    runs: list[Callable[[], object]] = [lambda: engine.predict([prepared])]
    runs += [lambda way=way: way.predict(inputs) for way in ways.values()]  # type: ignore[misc]
    turns = in_turn(runs, seconds, warm_up=1, burst=BURST)
    ours, *theirs = (statistics.median(taken) for taken in turns)
    baseline = min(zip(theirs, ways, strict=True))
    return {
        "ratio": baseline[0] / ours,
        "baseline": baseline[1],
        "engine_ms": 1e3 * ours,
        **{f"{name}_ms": 1e3 * taken for name, taken in zip(ways, theirs, strict=True)},
    }
