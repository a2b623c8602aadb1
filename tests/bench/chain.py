"""The chain against what else there is, in turn, in one run; see docs/benchmarks.md.

The others are a plain PyAV decode → encode, an OpenCV loop and supervision's `process_video`. The
last is no dependency of this project: where it is not installed, that is said and nothing more.
Beside the project's own libraries, in a folder of its own:

    pip install --target peers --no-deps supervision defusedxml pydeprecate tqdm \\
        requests urllib3 idna certifi charset-normalizer
    PYTHONPATH=peers python -m tests.bench chain
"""

import statistics
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from nets.engine import open_engine
from nets.engine.fixed import CENTRE, RADII
from stream.job import Outputs, process_recording
from stream.settings import ProcessSettings
from stream.source.naming import open_recording
from stream.synth import write_video
from stream.tally import Tally

PRESET, CRF = "ultrafast", 23
RUNS = 5


def chain(recording: Path, out: Path, weights: tuple[str, ...] = ("fixed:",)) -> float:
    """Frames a second of `process` without its report; opening and final rewrite included."""
    settings = ProcessSettings(weights=weights, preset=PRESET, crf=CRF, report=False)
    with open_engine(settings.weights, mode="throughput") as engine:
        started = time.perf_counter()
        tally = Tally()
        with open_recording(str(recording), warnings=tally) as source:
            outcome = process_recording(
                source, Outputs(out), settings, engine, overwrite=True, warnings=tally
            )
    return outcome.frames / (time.perf_counter() - started)


def native(recording: Path, out: Path) -> float:
    """Frames a second of decoding and encoding in native planes, and nothing else."""
    started, count = time.perf_counter(), 0
    with av.open(str(recording)) as source, av.open(str(out), "w") as sink:
        video = source.streams.video[0]
        video.thread_type = "AUTO"
        stream = sink.add_stream(
            "libx264", rate=video.average_rate, options={"preset": PRESET, "crf": str(CRF)}
        )
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, video.pix_fmt
        stream.time_base = video.time_base
        for frame in source.decode(video):
            frame.pict_type = av.video.frame.PictureType.NONE
            sink.mux(stream.encode(frame))
            count += 1
        sink.mux(stream.encode(None))
    return count / (time.perf_counter() - started)


def ellipse(width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Centre and half axes of what `fixed:` draws, in a view as high as the picture and as wide."""
    left = (width - height) / 2
    centre = round(left + CENTRE[0] * height), round(CENTRE[1] * height)
    return centre, (round(RADII[0] * height), round(RADII[1] * height))


def opencv(recording: Path, out: Path) -> float:
    """Frames a second of what is usually written: VideoCapture → blend an ellipse → VideoWriter."""
    started, count = time.perf_counter(), 0
    source = cv2.VideoCapture(str(recording))
    size = int(source.get(cv2.CAP_PROP_FRAME_WIDTH)), int(source.get(cv2.CAP_PROP_FRAME_HEIGHT))
    rate = source.get(cv2.CAP_PROP_FPS)
    sink = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
    centre, axes = ellipse(*size)
    while True:
        found, picture = source.read()
        if not found:
            break
        drawn = picture.copy()
        cv2.ellipse(drawn, centre, axes, 0, 0, 360, (190, 255, 40), -1)
        picture = cv2.addWeighted(drawn, 0.35, picture, 0.65, 0)
        cv2.ellipse(picture, centre, axes, 0, 0, 360, (190, 255, 40), 3)
        sink.write(picture)
        count += 1
    source.release()
    sink.release()
    return count / (time.perf_counter() - started)


def supervision(recording: Path, out: Path) -> float | None:
    """Frames a second of supervision's `process_video` with the same overlay, if installed."""
    try:
        import supervision as sv
    except ImportError:
        return None
    count = 0
    tint, outline = sv.MaskAnnotator(opacity=0.35), sv.PolygonAnnotator(thickness=3)

    def draw(picture: Any, index: int) -> Any:
        nonlocal count
        count += 1
        height, width = picture.shape[:2]
        (x, y), (across, down) = ellipse(width, height)
        mask = np.zeros((1, height, width), np.uint8)
        cv2.ellipse(mask[0], (x, y), (across, down), 0, 0, 360, 1, -1)
        found = sv.Detections(
            xyxy=np.array([[x - across, y - down, x + across, y + down]], np.float32),
            mask=mask > 0,
            class_id=np.array([0]),
        )
        return outline.annotate(tint.annotate(picture, found), found)

    started = time.perf_counter()
    sv.process_video(str(recording), str(out), draw)
    return count / (time.perf_counter() - started)


def prepared(folder: Path, seconds: int = 16) -> Path:
    """A synthetic procedure at 1080p, H.264."""
    recording = folder / "procedure.mp4"
    if not recording.exists():
        write_video(recording, seconds=Fraction(seconds), layout="octagon-right")
    return recording


def measure(recording: Path, folder: Path) -> dict[str, Any]:
    """Median frame rates of five runs in turn at 1080p, and their ratios."""
    contenders: dict[str, Callable[[], float | None]] = {
        "process, fixed:": lambda: chain(recording, folder / "chain.mp4"),
        "PyAV decode → encode": lambda: native(recording, folder / "native.mp4"),
        "OpenCV loop": lambda: opencv(recording, folder / "opencv.mp4"),
        "supervision.process_video": lambda: supervision(recording, folder / "supervision.mp4"),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    missing = []
    for _ in range(RUNS):
        for name, run in list(contenders.items()):
            rate = run()
            if rate is not None:
                rates[name].append(rate)
            else:
                missing.append(name)
                del contenders[name], rates[name]
    medians = {name: statistics.median(values) for name, values in rates.items()}
    first = next(iter(medians))
    return {
        "frames_per_second": medians | dict.fromkeys(missing, "not installed"),
        "runs": rates,
        "ratios": {name: medians[first] / rate for name, rate in medians.items() if name != first},
    }


SCENE_FRAMES = 500
"""Of the scene that is repeated until a recording is long enough."""


def memory(folder: Path, marks: tuple[int, int], size: tuple[int, int]) -> dict[str, Any]:
    """Resident MiB after so many frames of one recording, and by how much it grew."""
    import psutil

    process = psutil.Process()
    resident: dict[int, float] = {}
    settings = ProcessSettings(weights=("fixed:",), preset=PRESET, crf=CRF)
    scene, recording = folder / "scene.mp4", folder / "long.mp4"
    write_video(scene, seed=8, seconds=Fraction(SCENE_FRAMES, 25), size=size, overwrite=True)
    repeat(scene, recording, marks[1] // SCENE_FRAMES)

    def watch(seen: Any) -> None:
        if seen.frame.index + 1 in marks:
            resident[seen.frame.index + 1] = process.memory_info().rss / 2**20

    tally = Tally()
    with (
        open_engine(settings.weights) as engine,
        open_recording(str(recording), warnings=tally) as source,
    ):
        process_recording(
            source,
            Outputs(folder / "memory.mp4"),
            settings,
            engine,
            overwrite=True,
            warnings=tally,
            progress=watch,
        )
    first, last = (resident[mark] for mark in marks)
    return {"resident_mib": dict(zip(marks, (first, last), strict=True)), "share": last / first - 1}


def repeat(scene: Path, out: Path, times: int) -> None:
    """The same packets again and again, each time later."""
    with av.open(str(scene)) as source:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.pts is not None]
        length = sum(packet.duration or 0 for packet in packets)
        moments = [(packet.pts, packet.dts) for packet in packets]
        with av.open(str(out), "w") as sink:
            copy = sink.add_stream_from_template(stream)
            for number in range(times):
                for packet, (pts, dts) in zip(packets, moments, strict=True):
                    packet.stream = copy
                    packet.pts, packet.dts = pts + number * length, dts + number * length
                    packet.time_base = stream.time_base
                    sink.mux(packet)
