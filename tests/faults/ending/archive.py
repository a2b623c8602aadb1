"""An archive that several workers process, killed at random moments: the next run does the rest."""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.faults.result import Result, over
from tests.faults.streams import plain
from tests.faults.streams.bases import FAST, Base, write_base
from tests.faults.warm import ROOT, Worker

NAMES = ("a.mp4", "b.mkv", "c.mp4", "d.mp4", "e.mkv", "f.mp4")
FRAMES = 500

OPTIONS = ("-w", "fixed:", "--preset", "ultrafast", "--view", "full", "--no-report")

OPENING = "while it opened the weights"
"""A worker that dies so soon ends the run in one clear line: others would die as it did."""

EARLY = 0.25
"""Of the moments, a fifth, are before the first recording is begun."""

LIMIT_S = 120.0
LEAVES_WITHIN_S = 10.0


def archives(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """SIGKILL at a random moment, of the run or of one of its two workers; then once more."""
    recordings = folder / "in"
    recordings.mkdir(exist_ok=True)
    for name in NAMES:
        if not (recordings / name).exists():
            write_base(Base(name, Path(name).suffix, options=FAST), recordings / name, FRAMES)
    whole = folder / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    with _started(whole, recordings) as process:
        _wait_for_work(whole, process)
        began = time.monotonic()
        assert process.wait(LIMIT_S) == 0, (whole / "stderr.txt").read_text("utf-8")
    takes_s = time.monotonic() - began

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        rng = random.Random(f"archive {number}")
        place = folder / f"archive{number}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        at, whom = rng.uniform(-EARLY * takes_s, takes_s), rng.choice(("run", "worker"))
        problems = list(_killed(place, recordings, at, whom, rng, result))
        # One that was killed between its name and its line in the journal is made again.
        kept = {path: path.stat().st_mtime_ns for path in _finished(place) if _is_done(place, path)}
        problems += _whole(place)
        again = worker.run(place, "process", str(recordings), "-o", "out", *OPTIONS)
        problems += again.faults()
        problems += [] if again.status == 0 else [f"not again: {again.said[-300:]}"]
        problems += _whole(place)
        problems += _through(place)
        done = [
            f"{path.name} was made again" for path in kept if path.stat().st_mtime_ns != kept[path]
        ]
        result.count("recordings that were finished before", len(kept))
        if not (problems := problems + done):
            shutil.rmtree(place)
        return [f"{whom} at {at:.3f} s: {problem}" for problem in problems]

    return over(numbers, one, workers)


def _started(place: Path, recordings: Path) -> "psutil.Popen":
    words = [
        sys.executable,
        "-m",
        "stream.cli",
        "process",
        str(recordings),
        "-o",
        str(place / "out"),
    ]
    with (place / "stderr.txt").open("wb") as said:
        return psutil.Popen(
            [*words, *OPTIONS, "--workers", "2"],
            cwd=place,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )


def _killed(
    place: Path, recordings: Path, at: float, whom: str, rng: random.Random, result: Result
) -> Iterator[str]:
    """Kill the run or one of its workers; what is wrong with how it goes on."""
    with _started(place, recordings) as process:
        if at >= 0:
            _wait_for_work(place, process)
        time.sleep(abs(at))
        children: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            children = process.children(recursive=True)
        workers = [child for child in children if _is_worker(child)]
        if whom == "worker" and workers:
            rng.choice(workers).kill()
            result.count("workers killed")
        elif process.poll() is None:
            process.kill()
            result.count("runs killed")
        try:
            status = process.wait(LIMIT_S)
        except psutil.TimeoutExpired:
            process.kill()
            yield "hung"
            return
    said = (place / "stderr.txt").read_text("utf-8", errors="replace")
    if "Traceback" in said or "a fault of the program" in said:
        yield f"traceback or fault of the program: {said[-300:]}"
    if status not in (0, 1, -9):
        yield f"status {status}: {said[-300:]}"
    _, left = psutil.wait_procs(children, LEAVES_WITHIN_S)
    for child in left:
        child.kill()
        yield f"left process {child.pid}"
    if status == 1 and OPENING in said:
        result.count("workers killed while they opened the weights")
    elif status == 1:
        rows = _summary(place)
        failed = [row for row in rows if row["status"] != "finished"]
        if len(rows) != len(NAMES) or len(failed) > 1:
            yield f"a worker that was killed cost {len(failed)} of {len(rows)} recordings"


def _wait_for_work(place: Path, process: psutil.Popen) -> None:
    """Wait until a recording is begun."""
    journal = place / "out" / "journal.jsonl"
    while process.poll() is None and not (journal.exists() and journal.stat().st_size):
        time.sleep(0.01)


def _is_worker(child: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return any("spawn_main" in word for word in child.cmdline())
    return False


def _finished(place: Path) -> list[Path]:
    return [
        path
        for path in sorted((place / "out").glob("*.m??"))
        if ".partial" not in path.name and path.suffix in (".mp4", ".mkv")
    ]


def _is_done(place: Path, path: Path) -> bool:
    """Whether the journal says that a recording is finished."""
    lines = (place / "out" / "journal.jsonl").read_text("utf-8").splitlines()
    return any(f'"{path.name}"' in line and '"status": "finished"' in line for line in lines)


def _whole(place: Path) -> Iterator[str]:
    """What is not whole under its final name; partial ones have to play."""
    for path in _finished(place):
        if (pictures := len(plain.decode(path, 1))) != FRAMES:
            yield f"{path.name} has {pictures} pictures under its final name"
    for path in (place / "out").glob("*.frames.csv"):
        if (rows := len(path.read_text("utf-8").splitlines()) - 1) != FRAMES:
            yield f"{path.name} has {rows} records under its final name"


def _through(place: Path) -> Iterator[str]:
    """What the second run has not done."""
    if missing := {Path(name).stem for name in NAMES} - {one.stem for one in _finished(place)}:
        yield f"missing: {sorted(missing)}"
    yield from (f"left {path.name}" for path in (place / "out").glob("*partial*"))
    if (statuses := {row["status"] for row in _summary(place)}) != {"finished"}:
        yield f"the summary says {statuses}"
    lines = (place / "out" / "journal.jsonl").read_text("utf-8").splitlines()
    torn = 0
    for line in lines:
        try:
            json.loads(line)
        except ValueError:
            torn += 1
    if torn > 1:
        yield f"{torn} lines of the journal cannot be read"


def _summary(place: Path) -> list[dict[str, str]]:
    with (place / "out" / "summary.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
