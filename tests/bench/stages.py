"""What the cores allow: core-seconds a frame of each stage alone; beside them, the whole chain."""

import os
import statistics
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from nets.engine import open_engine
from stream.frame import Frame
from stream.offline import predict
from stream.overlay import Overlay
from stream.prediction import find_mask
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.recorder import Recorder
from stream.source.naming import open_recording
from stream.tally import Tally
from stream.view import ViewFinder
from tests.bench.chain import CRF, PRESET, chain

FRAMES = 100
RUNS = 5


def core_seconds(work: Callable[[], int]) -> float:
    """Seconds of processor time, over all threads, for each thing that `work` says it did."""
    before = time.process_time()
    done = work()
    return (time.process_time() - before) / done


def measure(recording: Path, out: Path, weights: tuple[str, ...] = ()) -> dict[str, Any]:
    """Each stage alone, their sum, what that allows, and what the chain reaches."""
    with open_recording(str(recording), warnings=Tally()) as source:
        frames = list(islice(source, FRAMES))
    finder = ViewFinder()
    views = [finder.update(frame) for frame in frames]
    with open_engine(weights, mode="throughput") as engine:
        groups = [slice(n, n + engine.batch) for n in range(0, FRAMES, engine.batch)]
        predictions = [p for g in groups for p in predict(engine, frames[g], views[g])]
        masks = [find_mask(prediction, engine.threshold, 0.001) for prediction in predictions]
        overlay = Overlay()

        def decode() -> int:
            with open_recording(str(recording), warnings=Tally()) as source:
                return sum(1 for _ in source)

        def look() -> int:
            looking = ViewFinder()
            return _count(looking.update(frame) for frame in frames)

        def infer() -> int:
            return _count(p for g in groups for p in predict(engine, frames[g], views[g]))

        def draw() -> int:
            found = (find_mask(p, engine.threshold, 0.001) for p in predictions)
            return _count(overlay.draw(f, m) for f, m in zip(frames, found, strict=True))

        def encode() -> int:
            return _encode(
                recording, out, [overlay.draw(f, m) for f, m in zip(frames, masks, strict=True)]
            )

        stages = {"decode": decode, "view": look, "input and ensemble": infer, "draw": draw}
        alone = {
            name: statistics.median(map(core_seconds, [work] * RUNS))
            for name, work in stages.items()
        }
        alone["encode"] = statistics.median(
            core_seconds(encode) - alone["draw"] for _ in range(RUNS)
        )
        runs_on = engine.runs_on
    cores = len(os.sched_getaffinity(0))
    allowed = cores / sum(alone.values())
    reached = statistics.median(chain(recording, out, weights) for _ in range(RUNS))
    return {
        "engine": runs_on,
        "core_ms_a_frame": {name: 1e3 * seconds for name, seconds in alone.items()},
        "cores": cores,
        "allowed_fps": allowed,
        "reached_fps": reached,
        "share": reached / allowed,
    }


def _count(items: Iterable[Any]) -> int:
    return sum(1 for _ in items)


def _encode(recording: Path, out: Path, frames: list[Frame]) -> int:
    with (
        open_recording(str(recording), warnings=Tally()) as source,
        Recorder(
            out,
            parameters=source.parameters,
            settings=EncoderSettings("h264", CRF, None, PRESET),
            overwrite=True,
        ) as recorder,
    ):
        for frame in frames:
            recorder.write(frame)
    return len(frames)
