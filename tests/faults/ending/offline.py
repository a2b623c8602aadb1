"""`process` ended at random moments: what it recorded until then plays, and can be done again."""

import json
import random
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import cv2

from tests.faults.result import Result, over
from tests.faults.streams import plain
from tests.faults.streams.bases import FAST, Base, write_base
from tests.faults.warm import Ended, Worker

LONG = Base("long", ".mp4", sound="aac", options=FAST)
FRAMES = 300

WAYS = (
    ("-o", "out.mp4", "--preset", "ultrafast"),
    ("-o", "out.mp4", "--preset", "medium", "--masks"),
    ("-o", "out.mp4", "--codec", "hevc", "--preset", "ultrafast"),
    ("-o", "out.mp4", "--preset", "ultrafast", "--mask-images"),
    ("-o", "out.mkv", "--preset", "veryfast"),
    ("-o", "out.mkv", "--codec", "ffv1", "--masks"),
    ("-o", "out.mov", "--preset", "slow"),
)

MAY_LACK = Fraction(1)
"""Seconds of media time that a killed recording may lack."""

CLOSES_WITHIN_S = 2.0


class Recordings:
    """Commands that record one whole recording, and how long each takes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"long{LONG.suffix}"
        if not self.path.exists():
            write_base(LONG, self.path, FRAMES)
        self.times = [one.time for one in plain.decode(self.path, 1)]
        self._takes: dict[tuple[str, ...], float] = {}
        self._taking = threading.Lock()

    def takes(self, worker: Worker, way: tuple[str, ...]) -> float:
        """Seconds that a command takes when nobody ends it."""
        with self._taking:  # cases run side by side, and would write into one folder
            if way not in self._takes:
                folder = self.path.parent / f"whole{len(self._takes)}"
                folder.mkdir(exist_ok=True)
                ended = worker.run(folder, *self.words(way), "-y")
                assert ended.status == 0, ended.said
                self._takes[way] = ended.seconds
            return self._takes[way]

    def words(self, way: tuple[str, ...]) -> tuple[str, ...]:
        """The command."""
        return ("process", str(self.path), "-w", "fixed:", *way)


def kills(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """SIGKILL at a random moment of a recording."""
    recordings = Recordings(folder)

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        rng = random.Random(f"kill {number}")
        way, moment = rng.choice(WAYS), rng.random()
        place = _new(folder / f"kill{number}")
        at = moment * 1.05 * recordings.takes(worker, way)
        ended = worker.run(place, *recordings.words(way), signals=[(at, signal.SIGKILL, "one")])
        problems = [*_left(ended), *_recorded(recordings, place, way, result, closed=False)]
        if number % 5 == 0:
            again = worker.run(place, *recordings.words(way), "-y")
            problems += again.faults()
            problems += [] if again.status == 0 else [f"not again: {again.said[-200:]}"]
            problems += [f"left {name}" for name in _names(place) if ".partial" in name]
        return _done(place, f"{' '.join(way)} at {at:.3f} s", problems)

    return over(numbers, one, workers)


def interrupts(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """Ctrl-C or SIGTERM at a random moment of a recording; twice at times."""
    recordings = Recordings(folder)

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        rng = random.Random(f"interrupt {number}")
        way, moment = rng.choice(WAYS), rng.random()
        place = _new(folder / f"interrupt{number}")
        at = moment * 1.05 * recordings.takes(worker, way)
        number_of, whom = rng.choice(((signal.SIGINT, "group"), (signal.SIGTERM, "one")))
        twice = rng.random() < 0.2
        signals = [(at, number_of, whom), *[(at + 0.02, number_of, whom)] * twice]
        ended = worker.run(place, *recordings.words(way), signals=signals)
        problems = [*ended.faults(), *_closed(ended, number_of, result)]
        finished = ended.status == 0
        problems += _recorded(recordings, place, way, result, closed=not twice)
        if not finished and not twice:
            kept = f"out.partial{Path(way[1]).suffix}"
            if (place / kept).exists() and kept not in ended.said:
                problems.append(f"{kept} is not named: {ended.said[-200:]}")
        said = f"{' '.join(way)}, {number_of.name}{' twice' * twice} at {at:.3f} s"
        return _done(place, said, problems)

    return over(numbers, one, workers)


def _closed(ended: Ended, number: signal.Signals, result: Result) -> Iterator[str]:
    """Whether it ended as it should, and how soon."""
    after = ended.after_signal_s
    if after is None:
        return  # it was through before
    result.most("longest to close, s", after)
    if ended.status not in (0, 128 + number) and ended.status != -number:
        yield f"status {ended.status}"
    if after > CLOSES_WITHIN_S:
        yield f"closed {after:.2f} s after the signal"
    if ended.status == 128 + number and len(ended.complaints) > 1:
        yield f"{len(ended.complaints)} complaints"


def _left(ended: Ended) -> list[str]:
    return [f"left processes: {ended.left}"] if ended.left else []


def _recorded(
    recordings: Recordings, place: Path, way: tuple[str, ...], result: Result, *, closed: bool
) -> Iterator[str]:
    """What is wrong with what a recording left."""
    name = way[1]
    stem, suffix = name.split(".")
    final, partial = place / name, place / f"{stem}.partial.{suffix}"
    tables = [
        path
        for path in (place / "out.frames.csv", place / "out.frames.partial.csv")
        if path.exists()
    ]
    given = 0
    for table in tables:
        text = table.read_text("utf-8")
        rows = text.splitlines()[1:]
        given = max(given, len(rows))
        if text and not text.endswith("\n"):
            yield f"{table.name} ends within a record"
        if any(row.count(",") != text.splitlines()[0].count(",") for row in rows):
            yield f"{table.name} has a record that is not whole"
    for path in (final, partial):
        if not path.exists():
            continue
        kept = [one.time for one in plain.decode(path, 1)]
        pairs = zip(kept, recordings.times, strict=False)
        whole = len(list(takewhile(lambda pair: _near(*pair, name), pairs)))
        # Behind the last whole picture may come one whose B-frames are missing.
        if any(
            not any(_near(one, time, name) for time in recordings.times) for one in kept[whole:]
        ):
            yield f"{path.name}: picture {whole} of {len(kept)} is not where it was"
        if path == final and len(kept) != FRAMES:
            yield f"{path.name} has {len(kept)} of {FRAMES} pictures under its final name"
        if path == partial and given and not final.exists():
            lacks = recordings.times[given - 1] - (
                recordings.times[whole - 1] if whole else Fraction(-1, 25)
            )
            result.most("most that a recording lacked, s", float(lacks))
            result.count("partial recordings")
            if lacks > (0 if closed else MAY_LACK):
                yield f"{path.name} lacks {float(lacks):.2f} s"
    if given > 60 and not final.exists() and not partial.exists():
        yield "no recording at all"
    for picture in (*place.glob("out.partial.masks/*"), *place.glob("out.masks/*")):
        if ".partial." not in picture.name and cv2.imread(str(picture)) is None:
            yield f"{picture.name} is no whole picture"
    for path in place.glob("out.sightings.json"):
        json.loads(path.read_text("utf-8"))
    strange = [name for name in _names(place) if ".rewrite." in name and closed]
    yield from (f"left {name}" for name in strange)


def _near(kept: Fraction | None, wanted: Fraction | None, name: str) -> bool:
    if kept is None or wanted is None:
        return False
    return abs(kept - wanted) <= (Fraction(1, 2000) if name.endswith(".mkv") else 0)


def _new(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


def _names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def _done(place: Path, said: str, problems: list[str]) -> list[str]:
    if not problems:
        shutil.rmtree(place)
    return [f"{said}: {problem}" for problem in problems]
