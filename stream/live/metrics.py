"""The figures of a live run as Prometheus reads them: the same that the dashboard shows."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from stream.health import State
from stream.live.policy import OFF
from stream.stats import LiveFigures, RoomFigures, Spread

PREFIX = "divergent_"


Family = Any
"""A metric of prometheus_client with its samples."""


class Metrics:
    """Keeps the latest figures, and gives them when it is asked; prometheus_client's collector."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._latest: tuple[float, LiveFigures] | None = None

    def observe(self, figures: LiveFigures) -> None:
        """Keep the figures of a second."""
        self._latest = (self._clock(), figures)

    def collect(self) -> Iterator[Family]:
        """All metrics; none before the first second. Called by any thread."""
        if self._latest is not None:
            at, figures = self._latest
            yield _gauge("figures_age_seconds", "Since these figures were taken.").of(
                self._clock() - at
            )
            yield from _run(figures)
            yield from _sources(figures.rooms)
            yield from _recordings(figures.rooms)
            yield from _publishers(figures.rooms)
            yield from _machine(figures)


class _Metric:
    """A family, and what fills it."""

    def __init__(self, family: Family) -> None:
        self.family = family

    def of(self, value: float, *labels: str) -> Family:
        """One sample more."""
        self.family.add_metric(labels, value)
        return self.family

    def filled(self, samples: Iterable[tuple[float | None, *tuple[str, ...]]]) -> Family:
        """A sample for each value that there is, with its labels."""
        for value, *labels in samples:
            if value is not None:
                self.of(float(value), *labels)
        return self.family


def _gauge(name: str, said: str, *labels: str) -> _Metric:
    from prometheus_client.core import GaugeMetricFamily

    return _Metric(GaugeMetricFamily(PREFIX + name, said, labels=labels))


def _counter(name: str, said: str, *labels: str) -> _Metric:
    from prometheus_client.core import CounterMetricFamily

    return _Metric(CounterMetricFamily(PREFIX + name, said, labels=labels))


def _run(figures: LiveFigures) -> Iterator[Family]:
    yield _gauge("running_seconds", "Since the start of the run.").of(figures.running_s)
    yield _gauge("engine_info", "The engine and what it does.", "engine").of(1, figures.engine)
    period = _gauge("engine_period_seconds", "How long the engine takes for a batch.")
    yield period.of(figures.engine_period_s)
    yield _gauge("warnings", "Warnings that are kept, at most the latest 20.").of(
        len(figures.warnings)
    )
    if figures.preview is not None:
        viewers = _gauge("preview_viewers", "Browsers that look at the preview.")
        yield viewers.of(figures.preview.viewers)


def _sources(rooms: tuple[RoomFigures, ...]) -> Iterator[Family]:
    info = _gauge("source_info", "What arrives.", "source", "given")
    yield info.filled((1, room.name, room.given) for room in rooms)
    state = _gauge("source_state", "1 for the state that a source is in.", "source", "state")
    yield state.filled(
        (room.state == str(each), room.name, str(each)) for room in rooms for each in State
    )
    since = _gauge("source_state_seconds", "In this state.", "source")
    yield since.filled((room.seconds, room.name) for room in rooms)
    waiting = _gauge("waiting_frames", "That wait for the engine.", "source")
    yield waiting.filled((room.waiting, room.name) for room in rooms)
    age = _gauge("mask_age_seconds", "Of the mask on the picture.", "source")
    yield age.filled((room.mask_age_s, room.name) for room in rooms)
    ai_off = _gauge("ai_off", "1 while AI OFF stands on the picture.", "source")
    yield ai_off.filled((room.notice.startswith(OFF), room.name) for room in rooms)
    captured = _counter("captured_frames", "Since the start.", "source")
    yield captured.filled((room.captured, room.name) for room in rooms)
    shown = _counter("shown_frames", "Since the start.", "source")
    yield shown.filled((room.shown, room.name) for room in rooms)
    dropped = _counter("dropped_frames", "Not shown, by cause.", "source", "cause")
    yield dropped.filled(
        (count, room.name, cause) for room in rooms for cause, count in room.dropped.items()
    )
    passed = _counter("passed_over_frames", "Shown, but the engine took a newer one.", "source")
    yield passed.filled((room.not_inferred, room.name) for room in rooms)
    sightings = _counter("sightings", "Polyps seen until now.", "source")
    yield sightings.filled((room.sightings, room.name) for room in rooms)
    rate = _gauge("frames_per_second", "Over the last seconds.", "source", "stage")
    yield rate.filled(
        (value, room.name, stage)
        for room in rooms
        for stage, value in (
            ("capture", room.capture_fps),
            ("inference", room.inference_fps),
            ("display", room.display_fps),
        )
    )
    mask = _gauge(
        "mask_delay_seconds",
        "From a frame's arrival to the first showing of its mask or a later one.",
        "source",
        "percentile",
    )
    yield mask.filled(_percentiles((room.name, room.latency) for room in rooms))
    display = _gauge(
        "display_delay_seconds",
        "From a frame's arrival to its own showing.",
        "source",
        "percentile",
    )
    yield display.filled(_percentiles((room.name, room.display) for room in rooms))


def _percentiles(spreads: Iterable[tuple[str, Spread]]) -> Iterator[tuple[float, str, str]]:
    for name, spread in spreads:
        for label, value in (
            ("50", spread.p50),
            ("95", spread.p95),
            ("99", spread.p99),
            ("100", spread.max),
        ):
            yield value, name, label


def _recordings(rooms: tuple[RoomFigures, ...]) -> Iterator[Family]:
    recorders = [(room.name, room.recorder) for room in rooms if room.recorder is not None]
    if not recorders:
        return
    on = _gauge("recording", "1 while frames are recorded.", "source")
    yield on.filled((it.recording, name) for name, it in recorders)
    length = _gauge("recording_seconds", "Length of the recording.", "source")
    yield length.filled((it.seconds, name) for name, it in recorders)
    rate = _gauge("recorder_frames_per_second", "Frames encoded a second.", "source")
    yield rate.filled((it.fps, name) for name, it in recorders)
    lag = _gauge("recorder_lag_seconds", "The encoder behind the picture.", "source")
    yield lag.filled((it.lag_s, name) for name, it in recorders)
    queue = _gauge("recorder_queue_bytes", "Frames that wait for the encoder.", "source")
    yield queue.filled((it.queue_bytes, name) for name, it in recorders)
    disk = _gauge("recorder_disk_left_seconds", "How long the disk lasts.", "source")
    yield disk.filled(
        (None if it.disk_minutes is None else 60 * it.disk_minutes, name) for name, it in recorders
    )
    recorded = _counter("recorded_frames", "In the files of the recording.", "source")
    yield recorded.filled((it.recorded, name) for name, it in recorders)
    lost = _counter("lost_frames", "Not in its files, by cause.", "source", "cause")
    yield lost.filled(
        (count, name, cause) for name, it in recorders for cause, count in it.lost.items()
    )


def _publishers(rooms: tuple[RoomFigures, ...]) -> Iterator[Family]:
    publishers = [(room.name, room.publisher) for room in rooms if room.publisher is not None]
    if not publishers:
        return
    state = _gauge("publisher_info", "What it does.", "source", "state")
    yield state.filled((1, name, it.state) for name, it in publishers)
    sent = _counter("published_frames", "Sent since the start.", "source")
    yield sent.filled((it.sent, name) for name, it in publishers)
    unsent = _counter("unpublished_frames", "That were not sent.", "source")
    yield unsent.filled((it.dropped, name) for name, it in publishers)


def _machine(figures: LiveFigures) -> Iterator[Family]:
    machine = figures.machine
    for name, said, value, unit in (
        ("cpu_ratio", "Of all cores together, by all programs.", machine.cpu_percent, 0.01),
        ("cpu_cores", "That there are.", machine.cpu_cores, 1),
        ("memory_used_bytes", "By all programs.", machine.memory_bytes, 1),
        ("memory_size_bytes", "That there are.", machine.memory_total_bytes, 1),
        ("program_cpu_ratio", "Of one core, by this program.", machine.program_percent, 0.01),
        ("program_memory_bytes", "By this program alone.", machine.program_bytes, 1),
        ("gpu_ratio", "How busy the GPU is.", machine.gpu_percent, 0.01),
        ("gpu_memory_used_bytes", "Of the GPU.", machine.gpu_memory_bytes, 1),
        ("gpu_memory_size_bytes", "Of the GPU.", machine.gpu_memory_total_bytes, 1),
        ("gpu_clock_hertz", "Of the GPU.", machine.gpu_clock_mhz, 1_000_000),
        ("gpu_temperature_celsius", "Of the GPU.", machine.gpu_celsius, 1),
    ):
        if value is not None:
            yield _gauge(name, said).of(value * unit)
