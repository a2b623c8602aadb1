"""Whoever takes a live run's pictures and does not keep up: the others do not notice."""

import random
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from tests.faults.live.ended import sums
from tests.faults.live.running import LiveRun, Looker, NotSoError, Pulse
from tests.faults.result import Result, over
from tests.faults.warm import Worker
from tests.stream.publish.test_publisher import free_port

FPS, SIZE = 25, (192, 144)
FRAME_BYTES = SIZE[0] * SIZE[1] * 3 // 2
ADDRESS = f"synthetic:?seed={{}}&seconds=inf&fps={FPS}&size={SIZE[0]}x{SIZE[1]}"

WAITING = 25
"""Frames that may wait for the recorder where it shall lose some."""

CALM_S, LONG_S = 5.0, 5.0
"""How long the run is looked at before, and while someone does not keep up."""

LATER_S = 0.02
"""Half of a frame's time: by so much the median picture may come later meanwhile."""

AS_MANY = 0.7
"""Share of the pictures a second before that have to come meanwhile: the machine has other work."""

ENDED = 128 + signal.SIGINT
CLOSES_S = 10.0
"""What the end may take where the disk does not come back."""


def consumers(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """A slow recorder, disks that stand still, viewers that stop reading, windows that hang."""

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        name, how = tuple(HOW.items())[number % len(HOW)]
        rng = random.Random(f"consumer {number}")
        place = folder / f"consumer{number}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        try:
            problems = how(place, rng, result)
        except NotSoError as problem:
            problems = [str(problem)]
        result.count(name)
        if not problems:
            shutil.rmtree(place)
        return [f"{name}: {problem}" for problem in problems]

    return over(numbers, one, workers)


def slow_recorder(place: Path, rng: random.Random, result: Result) -> list[str]:
    """The recorder takes two frames' time for each, and little may wait for it."""
    (place / "queue").write_text(str(WAITING * FRAME_BYTES))
    with Pulse() as pulse, LiveRun(place, *_rooms(rng), "--no-report") as run:
        began = _calm(run)
        (place / "slow").write_text(str(2 / FPS))
        run.wait(lambda: _lost(run) > 0, "frames are lost, and told")
        time.sleep(LONG_S)
        ended = time.monotonic()
        (place / "slow").write_text("0")
        status = run.end()
    room = run.latest["rooms"][0]
    problems = [*_flat(run, began, ended, pulse, result), *_ended(run, status)]
    result.count("frames lost to a slow recorder", sum(room["recorder"]["lost"].values()))
    if set(room["recorder"]["lost"]) != {"the recorder's queue was full"}:
        problems.append(f"lost: {room['recorder']['lost']}")
    if "the recorder is too slow" not in run.said:
        problems.append("no alarm")
    return problems


def slow_disk(place: Path, rng: random.Random, result: Result) -> list[str]:
    """A write stands still for seconds, and goes on: nothing is lost."""
    with Pulse() as pulse, LiveRun(place, *_rooms(rng), "--no-report") as run:
        began = _calm(run)
        (place / "slow").write_text(str(rng.uniform(1.0, 4.0)))
        run.wait(lambda: _recorder(run)["lag_s"] > 0.5, "the recorder falls behind, and tells")
        (place / "slow").write_text("0")
        run.wait(lambda: _recorder(run)["lag_s"] < 0.5, "the recorder catches up")
        ended = time.monotonic()
        status = run.end()
    problems = [*_flat(run, began, ended, pulse, result), *_ended(run, status)]
    if lost := _lost(run):
        problems.append(f"{lost} frames are lost")
    return problems


def lost_disk(place: Path, rng: random.Random, result: Result) -> list[str]:
    """A write never comes back: the picture goes on, and Ctrl-C ends the run."""
    with Pulse() as pulse, LiveRun(place, *_rooms(rng), "--no-report") as run:
        began = _calm(run)
        (place / "slow").write_text("3600")
        time.sleep(LONG_S)
        asked = time.monotonic()
        status = run.end()
        if not pulse.stood(asked, time.monotonic()):
            result.most("end with a lost disk, s", time.monotonic() - asked)
            if time.monotonic() - asked > CLOSES_S:
                return [f"it took {time.monotonic() - asked:.1f} s to end"]
    problems = [*_flat(run, began, asked, pulse, result)]
    return problems if status == ENDED else [*problems, f"status {status}"]


def dead_viewer(place: Path, rng: random.Random, result: Result) -> list[str]:
    """A viewer stops reading; another one looks on."""
    port = free_port()
    with ExitStack() as stack:
        pulse, looker = stack.enter_context(Pulse()), stack.enter_context(Looker(port))
        run = stack.enter_context(LiveRun(place, *_rooms(rng), "--preview", port, "--no-report"))
        began = _calm(run)
        run.wait(lambda: _viewers(run) == 1, "one looks")
        with socket.create_connection(("127.0.0.1", port)) as dead:
            dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            dead.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            run.wait(lambda: _viewers(run) == 2, "two look")
            seen, at = looker.pictures, time.monotonic()
            run.wait(lambda: _viewers(run) == 1, "who takes nothing is left")
            ended = time.monotonic()
            result.most("until a viewer that takes nothing is left, s", ended - at)
        rate = (looker.pictures - seen) / (ended - at)
        status = run.end()
    problems = [*_flat(run, began, ended, pulse, result), *_ended(run, status)]
    if rate < 5 and not pulse.still:
        problems.append(f"the other viewer gets {rate:.1f} pictures a second")
    return problems


def dragged_window(place: Path, rng: random.Random, result: Result) -> list[str]:
    """A window's process stands still, as some do while they are dragged; at times for too long."""
    (place / "windows").mkdir()
    with Pulse() as pulse, LiveRun(place, *_rooms(rng), "--no-report") as run:
        began = _calm(run)
        run.wait(lambda: _window(run)["painted"] > 0, "the window shows pictures", 90.0)
        (window,) = run.processes()["window"]
        painted, too_long = _window(run)["painted"], rng.random() < 0.5
        window.send_signal(signal.SIGSTOP)
        if too_long:
            run.wait(lambda: not window.is_running(), "a window that hangs is ended")
            result.count("windows opened again")
        else:
            time.sleep(rng.uniform(1.0, 4.0))
            window.send_signal(signal.SIGCONT)
        ended = time.monotonic()
        run.wait(lambda: _window(run)["painted"] > painted + FPS, "it shows pictures again", 90.0)
        status = run.end()
    problems = [*_flat(run, began, ended, pulse, result), *_ended(run, status)]
    if not _window(run)["passed_over"]:
        problems.append("no picture that the window passed over is counted")
    return problems


HOW: dict[str, Callable[[Path, random.Random, Result], list[str]]] = {
    "slow recorders": slow_recorder,
    "disks that stood still": slow_disk,
    "disks that were lost": lost_disk,
    "viewers that stopped reading": dead_viewer,
    "windows that were dragged": dragged_window,
}


def _rooms(rng: random.Random) -> list[str]:
    return [ADDRESS.format(rng.randrange(1, 900))]


def _calm(run: LiveRun) -> float:
    """Let the run go on for a while; when that began."""
    run.wait(lambda: run.shown() > 0 and _recorder(run)["recorded"] > 0, "a recording")
    began = time.monotonic()
    time.sleep(CALM_S)
    return began


def _flat(run: LiveRun, began: float, ended: float, pulse: Pulse, result: Result) -> Iterator[str]:
    """What is wrong with how late pictures were while someone did not keep up."""
    notes = run.notes(0)
    delays, at = notes["shown"] - notes["arrived"], notes["arrived"]
    before = delays[(at >= began) & (at < began + CALM_S)]
    during = delays[(at >= began + CALM_S) & (at < ended)]
    if pulse.stood(began, ended):
        result.count("not timed: the machine stood still")
        return
    for name, part in (("before", before), ("meanwhile", during)):
        result.most(f"picture's delay {name}, median, ms", 1000 * float(np.median(part)))
        result.most(f"picture's delay {name}, p95, ms", 1000 * float(np.percentile(part, 95)))
    later_s = float(np.median(during) - np.median(before))
    result.most("later meanwhile, median, ms", 1000 * later_s)
    if later_s > LATER_S:
        yield f"the picture gets later by {1000 * later_s:.1f} ms"
    rates = len(before) / CALM_S, len(during) / (ended - began - CALM_S)
    if rates[1] < AS_MANY * rates[0]:
        yield f"{rates[0]:.1f} pictures a second before, {rates[1]:.1f} meanwhile"


def _ended(run: LiveRun, status: int) -> Iterator[str]:
    if status != ENDED:
        yield f"status {status}"
    yield from sums(run)


def _recorder(run: LiveRun) -> dict[str, Any]:
    rooms = run.latest.get("rooms", [{}])
    return rooms[0].get("recorder") or {"recorded": 0, "lag_s": 0.0, "lost": {}}


def _lost(run: LiveRun) -> int:
    return sum(_recorder(run)["lost"].values())


def _viewers(run: LiveRun) -> int:
    return int(run.latest["preview"]["viewers"])


def _window(run: LiveRun) -> dict[str, Any]:
    return run.latest["rooms"][0]["window"] or {"painted": 0, "passed_over": 0}
