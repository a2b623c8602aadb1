"""Live recordings killed at random moments: what was recorded until then plays."""

import csv
import json
import random
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from stream.loopback.prepared import write_prepared
from tests.faults.live.running import LiveRun, NotSoError
from tests.faults.result import Result, over
from tests.faults.streams import plain
from tests.faults.warm import Worker
from tests.stream.live.moving import moving_pictures

FPS = 25
SYNTHETIC = f"synthetic:?seed={{}}&seconds=inf&fps={FPS}&size=192x144"
COMPRESSED = "compressed.ts"
"""A recording with two keyframes a second, played in a loop: it sends packets, which are copied."""

TWO_ROOMS = (SYNTHETIC.format(7), SYNTHETIC.format(9))

WAYS: Sequence[Sequence[str]] = (
    (SYNTHETIC.format(7),),
    (SYNTHETIC.format(8), "--segment", "2s"),
    (SYNTHETIC.format(9), "--recorded", "annotated", "--masks"),
    (SYNTHETIC.format(7), "--recorded", "clean", "--codec", "hevc"),
    (SYNTHETIC.format(8), "--redact", "--segment", "1s"),
    TWO_ROOMS,
    (COMPRESSED, "--realtime", "--loop"),
    (COMPRESSED, "--realtime", "--loop", "--segment", "2s"),
)

LONGEST_S = 6.0
"""Of recordings."""

INTERRUPTED = 0.2
"""Of them, which were told to end, and are killed while they do."""

CLOSES_S = 0.6

MAY_LACK_S = 1.0


def kills(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """SIGKILL at a random moment of a live recording."""
    write_prepared(folder / COMPRESSED, moving_pictures((192, 144), 100))

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        rng = random.Random(f"live kill {number}")
        way, after_s = rng.choice(WAYS), rng.uniform(0.0, LONGEST_S)
        ending_s = rng.uniform(0.0, CLOSES_S) if rng.random() < INTERRUPTED else None
        place = folder / f"live{number}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        words = [str(folder / word) if word == COMPRESSED else word for word in way]
        said = f"{' '.join(way)} after {after_s:.3f} s"
        try:
            with LiveRun(place, *words) as run:
                run.wait(lambda: run.shown() > 0, "the first picture")
                time.sleep(after_s)
                run.processes()  # those that have to go with it
                if ending_s is not None:
                    said += f", told to end {ending_s:.3f} s before"
                    run.process.send_signal(signal.SIGINT)
                    time.sleep(ending_s)
                run.process.kill()
                run.process.wait()
            problems = [*(f"left process {name}" for name in run.left)]
            for number, seed in enumerate(("seed-7", "seed-9") if way == TWO_ROOMS else ("",)):
                problems += _kept(run, number, seed, result)
        except NotSoError as problem:
            problems = [str(problem)]
        if not problems:
            shutil.rmtree(place)
        return [f"{said}: {problem}" for problem in problems]

    return over(numbers, one, workers)


def _kept(run: LiveRun, room: int, word: str, result: Result) -> Iterator[str]:
    """What is wrong with what a room's recording left, whose name has a word in it."""
    shown = run.shown(room)
    accounts = [path for path in run.record.glob("*.segments.json") if word in path.name]
    if not accounts:
        if shown > FPS:
            yield f"{shown} pictures were shown, and there is no recording"
        return
    json.loads(accounts[0].read_text("utf-8"))
    base = accounts[0].name.removesuffix(".segments.json")
    rows, problems = _rows(run.record, base)
    yield from problems
    result.count("recordings")
    for kind in ("annotated", "clean", "masks"):
        files = sorted(run.record.glob(f"{base}-*.{kind}*.mp4"))
        if not files:
            continue
        pictures = 0
        for path in files:
            times = [one.time for one in plain.decode(path, 1)]
            pictures += len(times)
            if any(a is None or b is None or b <= a for a, b in pairwise(times)):
                yield f"{path.name}: its times do not rise"
            whole = ".partial." not in path.name
            segment = int(path.name.removeprefix(f"{base}-").partition(".")[0])
            if whole and kind != "clean" and len(times) != rows.get(segment, 0):
                yield f"{path.name} has {len(times)} pictures, its table {rows.get(segment, 0)}"
        result.count("files", len(files))
        lacks_s = (shown - pictures) / FPS
        result.most("most that a recording lacked of what was shown, s", lacks_s)
        taken_s = (sum(rows.values()) - pictures) / FPS
        result.most("most that it lacked of what its table has, s", taken_s)
        if lacks_s > MAY_LACK_S:
            yield f"{kind}: {pictures} of {shown} pictures, {lacks_s:.2f} s are missing"


def _rows(folder: Path, base: str) -> tuple[dict[int, int], list[str]]:
    """How many records of each segment a table has, and what is wrong with it."""
    found: dict[int, int] = {}
    problems: list[str] = []
    for path in folder.glob(f"{base}.frames*.csv"):
        text = path.read_text("utf-8")
        if text and not text.endswith("\n"):
            problems.append(f"{path.name} ends within a record")
        for row in csv.DictReader(text.splitlines()):
            if None in row or None in row.values():
                problems.append(f"{path.name} has a record that is not whole")
                break
            segment = int(row["segment"])
            found[segment] = found.get(segment, 0) + 1
    return found, problems
