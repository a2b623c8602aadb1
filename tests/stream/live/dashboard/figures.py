"""Figures of runs as a dashboard gets them."""

from stream.stats import (
    LiveFigures,
    MachineFigures,
    PreviewFigures,
    PublisherFigures,
    RecorderFigures,
    RoomFigures,
    Spread,
)

RECORDER = RecorderFigures(
    name="case-7-20260203-140509",
    recording=True,
    seconds=200.0,
    fps=29.8,
    lag_s=0.4,
    queue_bytes=12_000_000,
    disk_minutes=312.0,
    captured=5_000,
    recorded=5_000,
)
WELL = RoomFigures(
    name="/dev/video0",
    state="LIVE",
    given="1920x1080 mjpeg 29.97 fps",
    seconds=3723.0,
    captured=108_000,
    shown=107_988,
    capture_fps=29.9,
    inference_fps=21.4,
    display_fps=29.7,
    dropped={"ring full": 9, "engine too slow": 3},
    not_inferred=30_000,
    waiting=2,
    mask_age_s=0.064,
    latency=Spread(0.071, 0.09, 0.098, 0.12),
    display=Spread(0.001, 0.002, 0.003, 0.013),
    latency_curve=tuple(0.06 + 0.001 * second for second in range(60)),
    sightings=2,
    recorder=RECORDER,
    publisher=PublisherFigures("rtsp://***@media/one", "publishing", 29.6, 3_000, 17),
)
DARK = RoomFigures("rtsp://***@10.0.0.7/two", "NO SIGNAL", seconds=35, notice="AI OFF - NO SIGNAL")
MACHINE = MachineFigures(
    34.0, 2, 3_100_000_000, 16_000_000_000, 46.0, 1_200_000_000,
    "NVIDIA H200", 56.0, 12_000_000_000, 141_000_000_000, 1980, 54.0,
)  # fmt: skip


def run(*rooms, warnings=(), machine=MACHINE):
    """A run an hour old."""
    preview = PreviewFigures("http://127.0.0.1:8808/", 3)
    return LiveFigures(
        3800.0, "compact, CPU", 0.038, rooms or (WELL,), machine, tuple(warnings), preview
    )
