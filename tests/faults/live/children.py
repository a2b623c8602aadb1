"""The reader, the engine and the preview of a live run are killed: picture and recording go on."""

import random
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.faults.live.ended import sums
from tests.faults.live.running import LiveRun, Looker, NotSoError, Pulse
from tests.faults.result import Result, over
from tests.faults.warm import Worker
from tests.stream.publish.test_publisher import free_port

ROOMS = tuple(f"synthetic:?seed={seed}&seconds=inf&fps=10&size=160x128" for seed in (7, 9))

ROLES = ("capture", "inference", "preview")

EACH = 4
"""Kills of each kind in one run: then pauses before the next start grow beyond some seconds."""

PATIENCE_S = 90.0

GOES_ON_S = 1.0
"""The longest that a picture may stand whose reader is not killed, on a machine that starts
processes meanwhile."""

ENDED = 128 + signal.SIGINT


def kills(
    folder: Path, numbers: Sequence[int], workers: Sequence[Worker], each: int = EACH
) -> Result:
    """Runs, in each of which every kind of child is killed several times."""

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        rng = random.Random(f"children {number}")
        place = folder / f"children{number}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        port = free_port()
        try:
            with (
                Pulse() as pulse,
                Looker(port) as looker,
                LiveRun(place, *ROOMS, "--preview", port, "--no-report") as run,
            ):
                run.wait(lambda: _is_well(run), "all is well at first", PATIENCE_S)
                killed = [_kill_one_of_each(run, looker, rng, result) for _ in range(each)]
                status = run.end()
            problems = [] if status == ENDED else [f"status {status}"]
            problems += [*_pictures(run, killed, pulse, result), *sums(run)]
        except NotSoError as problem:
            problems = [str(problem)]
        if not problems:
            shutil.rmtree(place)
        return problems

    return over(numbers, one, workers)


def _kill_one_of_each(run: LiveRun, looker: Looker, rng: random.Random, result: Result) -> float:
    """Kill a child of each kind and wait until all is well; when the reader was killed."""
    recorded, pictures = _recorded(run), looker.pictures
    known = run.processes()
    began, reader_at = time.monotonic(), 0.0
    for role in rng.sample(ROLES, len(ROLES)):
        time.sleep(rng.uniform(0.0, 0.5))
        victim = rng.choice(known[role])
        if role == "capture":
            reader_at = time.monotonic()
        victim.kill()
        result.count(f"kills of {role}")

    def are_back() -> bool:
        children = run.processes()
        return all(set(children[role]) - set(known[role]) for role in ROLES)

    def goes_on() -> bool:
        return looker.pictures > pictures and all(
            now > then for now, then in zip(_recorded(run), recorded, strict=True)
        )

    run.wait(are_back, "others in their place", PATIENCE_S)
    run.wait(lambda: _is_well(run), "all is well again", PATIENCE_S)
    run.wait(goes_on, "the preview and the recordings go on")
    result.most("longest until all is well again, s", time.monotonic() - began)
    return reader_at


def _is_well(run: LiveRun) -> bool:
    """Whether all is as it should be, by the latest figures."""
    latest: dict[str, Any] = run.latest
    return (
        bool(latest)
        and all(
            room["state"] == "LIVE"
            and room["inference_fps"] > 0
            and not room["notice"].startswith("AI OFF")
            for room in latest["rooms"]
        )
        and latest["preview"]["is_serving"]
        and latest["preview"]["viewers"] > 0
    )


def _recorded(run: LiveRun) -> list[int]:
    latest = run.latest
    return [room["recorder"]["recorded"] for room in latest["rooms"]]


def _pictures(run: LiveRun, killed: Sequence[float], pulse: Pulse, result: Result) -> Iterator[str]:
    """Whether pictures stood still that had no reason to."""
    stood = 0
    for room in range(len(ROOMS)):
        shown = run.notes(room)["shown"]
        for began, ended in pairwise(map(float, shown)):
            if pulse.stood(began, ended):
                continue
            gap, reason = ended - began, any(began - 0.5 <= kill <= ended for kill in killed)
            stood += gap > GOES_ON_S
            if not reason:
                result.most("longest that a picture stood without its reader's kill, s", gap)
                if gap > GOES_ON_S:
                    yield f"a picture stood still for {gap:.2f} s and no reader had been killed"
    if stood > len(killed):
        yield f"pictures stood still {stood} times, readers were killed {len(killed)} times"
