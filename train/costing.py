"""What a frame costs with each member and with the ensemble: counted, and timed on this machine."""

import statistics
import time
from typing import Any

import numpy as np

from nets.bundle import Bundle
from nets.cost import Cost, fusion_cost, member_costs
from nets.engine import open_engine
from nets.engine.protocol import Engine
from nets.picture import Rect
from nets.preprocessing import Prepared

WARM_UPS, RUNS = 5, 30


def costs_of(
    bundle: Bundle, engine: Engine, device: str = "auto", precision: str = "auto"
) -> dict[str, dict[str, Any]]:
    """Count and time an ensemble, and each of its members alone.

    Args:
        bundle: the ensemble.
        engine: it, running.
        device: that the members are to be opened on.
        precision: that they are to be opened with.

    Returns:
        By member, and under an empty name for the ensemble: `parameters`, `gflop` a frame,
        `megabytes` on disk, and `ms` of one frame answered alone, the median of some runs. Under
        `without-` and a member's name the ensemble less that member, counted and not timed.

    Raises:
        EngineError: a member cannot run alone.
    """
    counted = member_costs(bundle)
    together = sum(counted.values(), fusion_cost(bundle))
    costs = {"": _plain(together) | {"ms": _milliseconds(engine)}}
    for member in bundle.members:
        others = [cost for name, cost in counted.items() if name != member.name]
        costs[f"without-{member.name}"] = _plain(sum(others, Cost(0, 0)))
        with open_engine([str(member.path)], device=device, precision=precision) as alone:
            costs[member.name] = _plain(counted[member.name]) | {"ms": _milliseconds(alone)}
    return costs


def _plain(cost: Cost) -> dict[str, Any]:
    return {
        "parameters": cost.parameters,
        "gflop": cost.flop / 1e9,
        "megabytes": cost.disk_bytes / 1e6,
    }


def _milliseconds(engine: Engine) -> float:
    """Median time of one frame answered alone; what is in it does not matter."""
    whole = Rect(0, 0, 640, 480)
    shapes = [(contract.height, contract.width, 3) for contract in engine.contracts]
    frame = Prepared(tuple(np.full(shape, 99, np.uint8) for shape in shapes), whole, whole)
    times = []
    for _ in range(WARM_UPS + RUNS):
        started = time.perf_counter()
        engine.predict([frame])
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times[WARM_UPS:])
