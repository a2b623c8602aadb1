"""`python -m tests.faults PART...`: runs all of a part and says what came of it."""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import resources
from tests.faults.ending import archive, live, offline
from tests.faults.files import run as files
from tests.faults.live import children, consumers
from tests.faults.result import Result
from tests.faults.streams import run as streams
from tests.faults.warm import CHAIN, Worker


@dataclass(frozen=True)
class Part:
    """A part of the suite.

    Attributes:
        cases: of the full run.
        run: runs some of them.
        modules: that its workers import.
    """

    cases: int
    run: Callable[[Path, Sequence[int], Sequence[Worker]], Result]
    modules: Sequence[str] = CHAIN


PARTS = {
    "streams": Part(1000, streams.run),
    "checkpoints": Part(1000, files.checkpoints, files.NETWORKS),
    "bundles": Part(1000, files.bundles, files.NETWORKS),
    "manifests": Part(1000, files.manifests, files.NETWORKS),
    "yaml": Part(1000, files.yamls, files.NETWORKS),
    "kills": Part(100, offline.kills),
    "live-kills": Part(50, live.kills, ()),
    "children": Part(13, children.kills, ()),
    "consumers": Part(20, consumers.consumers, ()),
    "archives": Part(30, archive.archives),
    "interrupts": Part(100, offline.interrupts),
    "disks": Part(60, resources.disks),
    "limits": Part(60, resources.limits),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", default=list(PARTS), metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--cases", type=int, help="how many of each part")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="folder that keeps what failed")
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    asked = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        for name in asked.parts:
            folder = (asked.keep or Path(temporary)) / name
            folder.mkdir(parents=True, exist_ok=True)
            part = PARTS[name]
            numbers = range(asked.first, asked.first + (asked.cases or part.cases))
            with ExitStack() as stack:
                workers = [stack.enter_context(Worker(part.modules)) for _ in range(asked.jobs)]
                result = part.run(folder, numbers, workers)
            failed += len(result.failures)
            tell(name, result)
            if asked.json is not None:
                keep(asked.json, name, result)
    return int(failed > 0)


def tell(name: str, result: Result) -> None:
    """Say what came of a part."""
    figures = ", ".join(f"{key}: {value}" for key, value in sorted(result.figures.items()))
    print(
        f"{name}: {result.cases} cases in {result.seconds:.0f} s, {len(result.failures)} failures"
    )
    print(f"  {figures}")
    for failure in result.failures:
        print(f"  {failure}")
    print(flush=True)


def keep(path: Path, name: str, result: Result) -> None:
    """Add a part's figures to a file of them."""
    known: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    known[name] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "on": time.strftime("%Y-%m-%d"),
        "cases": result.cases,
        "failures": result.failures,
        "seconds": round(result.seconds),
        **result.figures,
    }
    path.write_text(json.dumps(known, indent=1), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
