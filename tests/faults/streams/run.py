"""Damaged recordings through `process`: nothing hangs, nothing is lost that could be had."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.faults.result import Result, over
from tests.faults.streams import plain
from tests.faults.streams.case import Cases
from tests.faults.streams.verdict import check, outputs
from tests.faults.warm import Worker


def run(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """Run cases; the folder keeps those that failed.

    Args:
        folder: to work in.
        numbers: of the cases.
        workers: that run them.
    """
    bases = folder / "bases"
    bases.mkdir(parents=True, exist_ok=True)
    cases = Cases(bases)

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        place = folder / f"stream{number}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        case = cases.case(number, place)
        ended = worker.run(place, *case.words)
        masks = [name for name in ("out.masks.mp4",) if (place / name).exists()]
        whole = [case.whole] if case.whole is not None else []
        names = [case.path.name, *outputs(place, case.output), *masks, *whole]
        decoded = worker.run(place, *names, call="tests.faults.streams.plain:main")
        if decoded.status:
            problems = [f"a plain loop ends with status {decoded.status}"]
        else:
            problems = check(case, ended, place, plain.read(place))
        result.most("slowest, s", ended.seconds)
        result.most("most memory, MB", ended.resident_mb)
        broken_off = any("were delivered" in line for line in ended.complaints)
        result.count("broken off" if broken_off else "refused" if ended.status else "processed")
        if not problems:
            shutil.rmtree(place)
        return [f"{case.said}: {' '.join(case.words)}: {problem}" for problem in problems]

    return over(numbers, one, workers)
