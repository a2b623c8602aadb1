"""Reports of made-up recordings: any number of sightings, any length."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame
from stream.report import RecordingLog, Report
from stream.sightings import Sighting

VIEW = Rect(0, 0, 64, 48)
FPS = 25


def picture(fault: str = "") -> Picture:
    luma = np.random.default_rng(1).integers(40, 200, (48, 64), np.uint8)
    luma = cv2.resize(luma[::4, ::4], (64, 48), interpolation=cv2.INTER_CUBIC)
    if fault == "blurred":
        luma = np.full_like(luma, 120)
    if fault == "dark":
        luma = np.full_like(luma, 16)
    if fault == "blown out":
        luma[:30] = 235
    chroma = np.full((24, 32), 128, np.uint8)
    return Picture((luma, chroma, chroma), LAYOUTS["yuv420p"], Colour(Matrix.BT601))


def thumbnail(number: int) -> bytes:
    rng = np.random.default_rng(number)
    coarse = rng.uniform(0.5, 1.1, (6, 8, 1)) * (60, 90, 170)
    bgr = cv2.resize(np.clip(coarse, 0, 255).astype(np.uint8), (192, 144))
    cv2.circle(bgr, (96, 72), 30, (110, 120, 215), -1)
    return cv2.imencode(".jpg", bgr)[1].tobytes()


def sightings_of(count: int, seconds: float, seed: int = 0) -> list[Sighting]:
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.uniform(0, 0.97 * seconds, count))
    sightings = []
    for number, start in enumerate(starts, 1):
        length = min(float(rng.lognormal(0.8, 0.8)), seconds - start - 0.04)
        end, peak = start + length, start + length * float(rng.random())
        sightings.append(
            Sighting(
                number=number,
                first_index=int(start * FPS),
                first_seconds=round(float(start), 2),
                last_index=int(end * FPS),
                last_seconds=round(end, 2),
                frames=max(int(0.9 * length * FPS), 5),
                peak_index=int(peak * FPS),
                peak_seconds=round(peak, 2),
                box=Rect(400, 300, 120, 130),
                area_fraction=float(rng.uniform(0.003, 0.12)),
                confidence=float(rng.uniform(0.6, 0.99)),
                thumbnail=thumbnail(number),
                thumbnail_of=Rect(264, 221, 384, 288),
            )
        )
    return sightings


def log_of(sightings: list[Sighting], seconds: float, faults: dict[str, tuple[float, float]]):
    """Every frame of a recording, no matter how long, at 5 frames a second to be quick."""
    log, pictures = RecordingLog(), {name: picture(name) for name in ("", *faults)}
    areas = np.zeros(int(seconds * 5))
    for each in sightings:
        first, last = int(each.first_seconds * 5), int(each.last_seconds * 5) + 1
        wave = np.sin(np.linspace(0.2, 2.9, last - first)) * each.area_fraction
        areas[first:last] = np.maximum(areas[first:last], wave)
    for index, area in enumerate(areas):
        now = index / 5
        fault = next((name for name, (a, b) in faults.items() if a <= now < b), "")
        frame = Frame(index, index, Fraction(1, 5), pictures[fault], 0.0)
        log.update(frame, VIEW, polyp_fraction=float(area), visible=fault != "no view")
    return log


CARD = """# Compact ensemble

Five members on a small encoder, from scratch. **Not for diagnosis.**

| data | Dice |
|------|------|
| C5   | 0.70 |

- trained on PolypGen C1–C4
- <script>alert("card")</script>
"""


def make(
    count: int, seconds: float = 60.0, faults: dict[str, tuple[float, float]] | None = None
) -> Report:
    sightings = sightings_of(count, seconds)
    return Report(
        title="case-0412.mp4",
        written="2026-02-03 14:05 +0100",
        files=[("case-0412.mp4", 0.0)],
        facts=[
            ("Source", "case-0412.mkv"),
            ("Picture", "1920×1080, yuv420p, BT709, limited range"),
        ],
        speed="61.3 fps",
        log=log_of(sightings, seconds, faults or {}),
        frame_s=1 / FPS,
        sightings=sightings,
        settings={"threshold": 0.5, "overlay": True, "crf": None, "sightings": {"gap_s": 1.0}},
        weights="compact",
        card=CARD,
        notes=[],
    )


@pytest.fixture(scope="session")
def report() -> Callable[..., Report]:
    """Makes a report: `report(count, seconds=60.0, faults={"blurred": (3, 9)}, title=...)`."""

    def of(
        count: int,
        seconds: float = 60.0,
        faults: dict[str, tuple[float, float]] | None = None,
        **changes: object,
    ) -> Report:
        return replace(make(count, seconds, faults), **changes)

    return of
