"""What a live run says of itself: rates, latencies, counts. All of it by monotonic seconds.

Who measures writes into `Rate`, `Latencies` and a `Counter`; who reports (dashboard, lines,
JSON, preview) reads `LiveFigures` and nothing else.
"""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

RATE_WINDOW_S = 2.0
LATENCIES_KEPT = 2000
"""More than half a minute at 60 frames a second."""

CURVE_S = 60
"""Seconds that a sparkline shows, one value each."""


class Rate:
    """Events a second over the last while; safe to use from several threads."""

    def __init__(self, window_s: float = RATE_WINDOW_S) -> None:
        self._window_s = window_s
        self._times: deque[float] = deque()
        self._lock = threading.Lock()
        self.total = 0

    def tick(self, at: float) -> None:
        """Something happened."""
        with self._lock:
            self.total += 1
            self._times.append(at)
            self._forget(at)

    def per_second(self, now: float) -> float:
        """How often it happened in the window before `now`."""
        with self._lock:
            self._forget(now)
            return len(self._times) / self._window_s

    def _forget(self, now: float) -> None:
        while self._times and self._times[0] <= now - self._window_s:
            self._times.popleft()


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of some seconds; zeros where there were none."""

    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0


class Latencies:
    """The latest latencies; safe to use from several threads."""

    def __init__(self, kept: int = LATENCIES_KEPT) -> None:
        self._seconds: deque[float] = deque(maxlen=kept)
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        """One took so long."""
        with self._lock:
            self._seconds.append(seconds)

    def spread(self) -> Spread:
        """Percentiles of those kept."""
        with self._lock:
            seconds = list(self._seconds)
        if not seconds:
            return Spread()
        p50, p95, p99 = np.percentile(seconds, (50, 95, 99))
        return Spread(float(p50), float(p95), float(p99), max(seconds))


@dataclass(frozen=True, slots=True)
class RecorderFigures:
    """How a room's recording does, or did: the latest one.

    Attributes:
        name: of the recording, with which its files' names begin; empty before its first picture.
        recording: whether frames that come now are recorded.
        failed: whether it ended before it was told to.
        seconds: from its first picture until now, or until its end.
        fps: frames encoded a second.
        lag_s: how far the encoder is behind the picture.
        queue_bytes: frames that wait for it.
        disk_minutes: how long the disk lasts at this rate, or None while it is not known.
        captured: frames since its start; they are recorded, lost, or wait.
        recorded: frames that are in the files.
        lost: frames that are not in the files, by cause.
    """

    name: str = ""
    recording: bool = False
    failed: bool = False
    seconds: float = 0.0
    fps: float = 0.0
    lag_s: float = 0.0
    queue_bytes: int = 0
    disk_minutes: float | None = None
    captured: int = 0
    recorded: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """How a room's window does.

    Attributes:
        is_open: False while it is opened again, and when it was closed.
        fps: pictures painted a second.
        painted: pictures since the start.
        passed_over: pictures that were not painted because a newer one was there.
        delay: from a frame's arrival to its being on the screen.
    """

    is_open: bool = True
    fps: float = 0.0
    painted: int = 0
    passed_over: int = 0
    delay: Spread = Spread()


@dataclass(frozen=True, slots=True)
class PublisherFigures:
    """How a room's picture is published.

    Attributes:
        target: without secrets.
        state: of it, for people ("connecting", "publishing", "trying again").
        fps: frames sent a second.
        sent: frames since the start.
        dropped: frames that were not sent.
    """

    target: str
    state: str
    fps: float = 0.0
    sent: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class PreviewFigures:
    """How the browser preview does.

    Attributes:
        address: of the page, without secrets.
        viewers: browsers that look at it now.
        is_serving: False while its server is being started, or started again.
    """

    address: str
    viewers: int = 0
    is_serving: bool = True


@dataclass(frozen=True, slots=True)
class RoomFigures:
    """One source at one moment.

    Attributes:
        name: of the room, without secrets.
        state: of the source, in `stream.health.State`'s words.
        given: what arrives, for people ("1920x1080 h264 29.97").
        seconds: in this state.
        captured: frames since the start.
        shown: frames since the start; captured = shown + dropped, but for those under way.
        capture_fps, inference_fps, display_fps: over the last seconds.
        dropped: frames not shown, by cause.
        not_inferred: frames shown for which the engine took a newer one instead.
        waiting: frames that wait for the engine or for its answer.
        mask_age_s: of the mask on the picture; None while there is none.
        notice: what stands on the picture ("AI OFF"), empty for nothing.
        latency: from a frame's arrival to the first showing of a mask computed from it or later.
        display: from a frame's arrival to its own showing.
        latency_curve: seconds, one value a second, the latest last; at most `CURVE_S`.
        sightings: polyps seen until now.
        recorder: None before anything was recorded.
        publisher: None where it is not published.
        window: None where it has none.
    """

    name: str
    state: str
    given: str = ""
    seconds: float = 0.0
    captured: int = 0
    shown: int = 0
    capture_fps: float = 0.0
    inference_fps: float = 0.0
    display_fps: float = 0.0
    dropped: Mapping[str, int] = field(default_factory=dict)
    not_inferred: int = 0
    waiting: int = 0
    mask_age_s: float | None = None
    notice: str = ""
    latency: Spread = Spread()
    display: Spread = Spread()
    latency_curve: tuple[float, ...] = ()
    sightings: int = 0
    recorder: RecorderFigures | None = None
    publisher: PublisherFigures | None = None
    window: WindowFigures | None = None


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """The machine at one moment; None where there is no such thing or it cannot be read.

    Attributes:
        cpu_percent: of all cores together.
        cpu_cores: how many there are.
        memory_bytes, memory_total_bytes: used by all programs, and there.
        program_percent: of one core, by this program with its processes.
        program_bytes: of memory that this program alone uses, with its processes.
        gpu_name, gpu_percent, gpu_memory_bytes, gpu_memory_total_bytes, gpu_clock_mhz,
            gpu_celsius: of the GPU that the engine uses, or would use.
    """

    cpu_percent: float | None = None
    cpu_cores: int | None = None
    memory_bytes: int | None = None
    memory_total_bytes: int | None = None
    program_percent: float | None = None
    program_bytes: int | None = None
    gpu_name: str | None = None
    gpu_percent: float | None = None
    gpu_memory_bytes: int | None = None
    gpu_memory_total_bytes: int | None = None
    gpu_clock_mhz: int | None = None
    gpu_celsius: float | None = None


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """Everything that a live run says of itself at one moment.

    Attributes:
        running_s: since the start.
        engine: name and arithmetic, or what it is doing instead ("starting", "restarting").
        engine_period_s: how long the engine takes for a batch.
        rooms: in the order they were given.
        machine: what it runs on.
        warnings: for people, the newest last.
        preview: None where there is none.
    """

    running_s: float
    engine: str
    engine_period_s: float
    rooms: tuple[RoomFigures, ...]
    machine: MachineFigures = MachineFigures()
    warnings: tuple[str, ...] = ()
    preview: PreviewFigures | None = None
