"""`process` where the disk, descriptors or memory run out: one clear line, or all of it."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.ending.offline import FRAMES, WAYS, Recordings
from tests.faults.result import Result, over
from tests.faults.streams import plain
from tests.faults.warm import Ended, Worker

MEBIBYTE = 2**20


def disks(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """A file system that gets full at a random byte; a limit of files where none can be had."""
    recordings = Recordings(folder)
    mounted = can_mount()

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        rng = random.Random(f"disk {number}")
        way, room = rng.choice(WAYS), round(2 ** rng.uniform(12, 20))
        place = _new(folder / f"disk{number}")
        said = f"{' '.join(way)} with {room} bytes"
        target = (f"room/{way[1]}", *way[2:])
        with small_disk(place / "room", room) if mounted else _no_disk(place / "room"):
            limits = {} if mounted else {"FSIZE": room}
            ended = worker.run(place, *recordings.words(("-o", *target)), limits=limits)
            problems = [*ended.faults(), *_ended(ended, place / "room", way[1])]
        result.count("full" if ended.status else "large enough")
        result.figures["how"] = "a small tmpfs" if mounted else "RLIMIT_FSIZE"
        return _done(place, said, problems)

    return over(numbers, one, workers)


def limits(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """Few descriptors, or little memory."""
    recordings = Recordings(folder)

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        rng = random.Random(f"limit {number}")
        way = rng.choice([way for way in WAYS if "hevc" not in way])  # x265 crashes without memory
        place = _new(folder / f"limit{number}")
        if number % 2:
            name, most = "NOFILE", rng.randrange(4, 48)
        else:
            name, most = "AS+", rng.randrange(2, 400) * MEBIBYTE
        ended = worker.run(place, *recordings.words(way), limits={name: most})
        problems = [*ended.faults(), *_ended(ended, place, way[1])]
        result.count(f"{name.rstrip('+')}: {'too little' if ended.status else 'enough'}")
        return _done(place, f"{' '.join(way)} with {name} {most}", problems)

    return over(numbers, one, workers)


def can_mount() -> bool:
    """Whether a small file system can be had here."""
    return os.name == "posix" and os.geteuid() == 0 and shutil.which("mount") is not None


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A file system of so many bytes."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


@contextmanager
def _no_disk(folder: Path) -> Iterator[None]:
    folder.mkdir()
    yield


def _ended(ended: Ended, folder: Path, output: str) -> Iterator[str]:
    """What is wrong with an end, and with what was left."""
    if ended.status not in (0, 1) or len(ended.complaints) != ended.status:
        yield f"status {ended.status}, {len(ended.complaints)} complaints: {ended.said[-200:]}"
    final = folder / output
    if final.exists() and len(plain.decode(final, 1)) != FRAMES:
        yield f"{output} is not whole under its final name"
    if ended.status == 0 and not final.exists():
        yield "no recording, and not a word"
    table = folder / "out.frames.csv"
    if table.exists() and len(table.read_text("utf-8").splitlines()) != FRAMES + 1:
        yield "out.frames.csv is not whole under its final name"


def _new(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


def _done(place: Path, said: str, problems: list[str]) -> list[str]:
    if not problems:
        shutil.rmtree(place)
    return [f"{said}: {problem}" for problem in problems]
