"""A frame's journey under the clock: stage by stage, at the pace of a camera, and flat out."""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any

from nets.engine import Engine
from stream.bench.timing import WARM_UP, Times
from stream.branches import Annotated
from stream.errors import BrokenOffError
from stream.frame import Frame
from stream.offline import predict, process
from stream.overlay import Overlay
from stream.prediction import find_mask
from stream.settings import ProcessSettings
from stream.sightings import SightingTracker
from stream.sink.recorder import Recorder
from stream.source.naming import Recording, open_recording
from stream.tally import Tally
from stream.view import ViewFinder

STAGES = ("decode", "view", "prepare", "predict", "mask", "overlay", "encode")
END_TO_END = "end to end"
LEAST_FRAMES = 10
FRAMES_KEPT = 24
"""Decoded frames that a camera's pace is tried with, again and again: 75 MB at 1080p."""

SMALLEST = ProcessSettings().min_area


def stage_by_stage(clip: str, engine: Engine, out: Path, seconds: float) -> dict[str, Times]:
    """One frame after another through every stage, nothing side by side.

    Args:
        clip: what to read, from its start again where it ends.
        engine: what finds polyps.
        out: a recording that may be replaced.
        seconds: about how long to take.

    Returns:
        Each stage's times a frame, and those of all together.
    """
    laps: list[tuple[float, ...]] = []
    until = time.perf_counter() + seconds
    while len(laps) < LEAST_FRAMES + WARM_UP or time.perf_counter() < until:
        before = len(laps)
        with _opened(clip) as source, _recorder(source, out) as recorder:
            for lap in _laps(source, engine, recorder):
                laps.append(lap)
                if len(laps) >= LEAST_FRAMES + WARM_UP and time.perf_counter() >= until:
                    break
        if len(laps) == before:
            break
    laps = laps[WARM_UP:] or laps
    columns = zip(STAGES, zip(*laps, strict=True), strict=True)
    each = {name: Times.of(taken) for name, taken in columns}
    return each | {END_TO_END: Times.of([sum(lap) for lap in laps])}


def _laps(source: Recording, engine: Engine, recorder: Recorder) -> Iterator[tuple[float, ...]]:
    """Seconds of each stage, frame by frame."""
    finder, overlay, frames = ViewFinder(), Overlay(), iter(source)
    while True:
        marks = [time.perf_counter()]
        frame = next(frames, None)
        if frame is None:
            return
        marks.append(time.perf_counter())
        view = finder.update(frame)
        marks.append(time.perf_counter())
        (prediction,) = predict(engine, [frame], [view])
        marks += [time.perf_counter() - prediction.took_s, time.perf_counter()]
        mask = find_mask(prediction, engine.threshold, SMALLEST)
        marks.append(time.perf_counter())
        shown = overlay.draw(frame, mask)
        marks.append(time.perf_counter())
        recorder.write(shown)
        marks.append(time.perf_counter())
        yield tuple(after - before for before, after in pairwise(marks))


def first_frames(clip: str) -> list[Frame]:
    """The decoded start of a clip."""
    with _opened(clip) as source:
        return list(islice(source, FRAMES_KEPT))


@dataclass(frozen=True, slots=True)
class Paced:
    """What came of frames that arrive by the clock, as a camera's do.

    Attributes:
        age: from a frame's arrival until its mask was drawn on it.
        shown: frames that got their own mask.
        skipped: frames that were passed over because a newer one had come.
    """

    age: Times
    shown: int
    skipped: int


def paced(frames: Sequence[Frame], engine: Engine, fps: float, rooms: int, seconds: float) -> Paced:
    """View, ensemble, mask and overlay of the newest frame of each room, as they arrive.

    Args:
        frames: shown again and again.
        engine: what finds polyps.
        fps: at which frames arrive in every room, all at the same moment.
        rooms: answered as one batch.
        seconds: about how long to take.
    """
    finder, overlay = ViewFinder(), Overlay()
    ages: list[float] = []
    began, newest = time.perf_counter(), -1
    while len(ages) < LEAST_FRAMES or time.perf_counter() < began + seconds:
        due = max(newest + 1, int((time.perf_counter() - began) * fps))
        arrived = began + due / fps
        time.sleep(max(0.0, arrived - time.perf_counter()))
        newest = due
        batch = [frames[(due + room) % len(frames)] for room in range(rooms)]
        views = [finder.update(frame) for frame in batch]
        for frame, prediction in zip(batch, predict(engine, batch, views), strict=True):
            overlay.draw(frame, find_mask(prediction, engine.threshold, SMALLEST))
        ages.append(time.perf_counter() - arrived)
    return Paced(Times.of(ages), len(ages), newest + 1 - len(ages))


def flat_out(clip: str, engines: Sequence[Engine], out: Path, seconds: float) -> list[float]:
    """Frames a second of the whole chain as `process` runs it, its stages side by side.

    Args:
        clip: what to read.
        engines: taken in turn, pass by pass.
        out: a recording that may be replaced.
        seconds: about how long to take with all of them together.

    Returns:
        The median of each engine's passes.
    """
    rates: list[list[float]] = [[] for _ in engines]
    until = time.perf_counter() + seconds
    for number in count():
        for engine, passes in zip(engines, rates, strict=True):
            passes.append(_one_pass(clip, engine, out, seconds / len(engines)))
        if number and time.perf_counter() >= until:
            return [statistics.median(passes) for passes in rates]
    raise AssertionError


def _one_pass(clip: str, engine: Engine, out: Path, seconds: float) -> float:
    with _opened(clip) as source, _recorder(source, out) as recorder:
        outcome = process(
            _Bounded(source, seconds, engine.batch),
            engine,
            [Annotated(recorder)],
            finder=ViewFinder(),
            threshold=engine.threshold,
            smallest=SMALLEST,
            tracker=SightingTracker(),
            overlay=Overlay(),
            pass_on=recorder.write_packet,
        )
    return outcome.frames / outcome.seconds


class _Bounded:
    """A source that ends when time is up, but not before a few batches."""

    def __init__(self, source: Recording, seconds: float, batch: int) -> None:
        self._source, self._seconds = source, seconds
        self._least = max(LEAST_FRAMES, 2 * batch)

    @property
    def broken_off(self) -> BrokenOffError | None:
        return self._source.broken_off

    def __iter__(self) -> Iterator[Frame]:
        until = time.perf_counter() + self._seconds
        for number, frame in enumerate(self._source):
            if number >= self._least and time.perf_counter() >= until:
                return
            yield frame

    def take_packets(self) -> list[Any]:
        return self._source.take_packets()


def _opened(clip: str) -> Recording:
    return open_recording(clip, warnings=Tally())


def _recorder(source: Recording, out: Path) -> Recorder:
    return Recorder(out, parameters=source.parameters, overwrite=True)
