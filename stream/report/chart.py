"""Where things lie on the report's time line: figures for an SVG, no text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stream.report.curve import Curve
from stream.report.stretches import Stretch
from stream.sightings import Sighting

WIDTH = 1000.0
LANES_AT_MOST = 4
LANES_HEIGHT = 44.0
CURVE_HEIGHT = 90.0
NARROWEST = 2.5
"""A sighting is at least so wide, to be seen and hit."""

TICKS_AT_MOST = 11
TICK_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Where the area's axis may end."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasts, in units of the drawing.

    Attributes:
        x: left edge.
        width: of it.
        y: upper edge within its row.
        height: of it.
    """

    x: float
    width: float
    y: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Scale:
    """From media seconds to places on the time line."""

    first: float
    last: float

    def x(self, seconds: float) -> float:
        """The place of a time, inside the line."""
        share = (seconds - self.first) / max(self.last - self.first, 1e-9)
        return round(WIDTH * min(max(share, 0.0), 1.0), 2)

    def bar(self, start: float, end: float) -> Bar:
        """The place of a stretch of time, never too narrow to be seen."""
        left = self.x(start)
        width = max(round(self.x(end) - left, 2), NARROWEST)
        return Bar(min(left, WIDTH - width), width)

    def step(self) -> float:
        """Seconds between two round times."""
        length = self.last - self.first
        step = next((step for step in TICK_STEPS if length / step < TICKS_AT_MOST), None)
        return step or math.ceil(length / TICKS_AT_MOST / 3600) * 3600

    def has_tenths(self) -> bool:
        """Whether round times need tenths of a second."""
        return self.step() < 1

    def ticks(self) -> list[float]:
        """Round times along the line."""
        step = self.step()
        number = math.ceil(self.first / step - 1e-9)
        ticks = []
        while number * step <= self.last + 1e-9:
            ticks.append(number * step)
            number += 1
        return ticks


def sighting_bars(sightings: Sequence[Sighting], scale: Scale) -> list[Bar]:
    """A bar for each sighting; those at the same time lie in different lanes, if there are any."""
    ends = [-math.inf] * LANES_AT_MOST
    placed = []
    for sighting in sightings:
        bar = scale.bar(sighting.first_seconds, sighting.last_seconds)
        free = (lane for lane, end in enumerate(ends) if end <= bar.x)
        lane = next(free, LANES_AT_MOST - 1)
        ends[lane] = max(ends[lane], bar.x + bar.width)
        placed.append((bar, lane))
    each = LANES_HEIGHT / max((lane + 1 for _, lane in placed), default=1)
    gap = min(2.0, each / 8)
    return [
        Bar(bar.x, bar.width, round(lane * each + gap, 2), round(each - 2 * gap, 2))
        for bar, lane in placed
    ]


def stretch_bars(stretches: Sequence[Stretch], scale: Scale) -> list[tuple[Stretch, Bar]]:
    """Bars of the stretches; those of one kind that touch on the line are drawn as one."""
    drawn: list[tuple[Stretch, Bar]] = []
    for stretch in stretches:
        bar = scale.bar(stretch.start, stretch.end)
        if drawn:
            last, before = drawn[-1]
            if last.fault == stretch.fault and bar.x <= before.x + before.width:
                joined = Stretch(last.fault, last.start, stretch.end)
                drawn[-1] = joined, scale.bar(joined.start, joined.end)
                continue
        drawn.append((stretch, bar))
    return drawn


def curve_top(curve: Curve) -> float:
    """Share of the view at the upper end of the area's axis."""
    largest = float(curve.values.max(initial=0.0))
    return next((top for top in TOPS if largest <= top), 1.0)


def curve_path(curve: Curve, scale: Scale) -> str:
    """The area over time as an SVG path of steps, closed at the bottom; empty where it is 0."""
    values, top = curve.values, curve_top(curve)
    if not values.any():
        return ""
    parts, height = [f"M0 {CURVE_HEIGHT:g}"], 0.0
    for number, value in enumerate(values):
        now = round(CURVE_HEIGHT * float(value) / top, 2)
        if now != height:
            parts.append(f"H{scale.x(scale.first + number * curve.width_s):g}")
            parts.append(f"V{CURVE_HEIGHT - now:g}")
            height = now
    end = scale.x(scale.first + len(values) * curve.width_s)
    return " ".join([*parts, f"H{end:g}", f"V{CURVE_HEIGHT:g}Z"])
