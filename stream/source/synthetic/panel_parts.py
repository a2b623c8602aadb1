"""What stands on an endoscopy processor's screen beside the picture, drawn once a scene."""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect

Rgb = NDArray[np.uint8]
Aperture = NDArray[np.uint8]
"""(h, w) uint8 over the view, 255 where the endoscope's picture shows."""

GUIDE_COLOURS = ((40, 185, 145), (30, 165, 120), (26, 34, 30), (44, 44, 44))
GUIDE_SIDE_COLOUR = (85, 110, 190)


def octagon(width: int, height: int, rng: np.random.Generator) -> Aperture:
    """A rectangle with its corners cut off."""
    cut = round(min(width, height) * rng.uniform(0.12, 0.28))
    right, bottom = width - 1, height - 1
    corners = [
        (cut, 0), (right - cut, 0), (right, cut), (right, bottom - cut),
        (right - cut, bottom), (cut, bottom), (0, bottom - cut), (0, cut),
    ]  # fmt: skip
    aperture = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(aperture, np.array(corners, np.int32), 255)
    return aperture


def rounded(width: int, height: int, rng: np.random.Generator) -> Aperture:
    """A rectangle with rounded corners."""
    radius = round(min(width, height) * rng.uniform(0.05, 0.3))
    aperture = np.zeros((height, width), np.uint8)
    aperture[:, radius : width - radius] = 255
    aperture[radius : height - radius] = 255
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(aperture, (x, y), radius, 255, -1)
    return aperture


def disc(width: int, height: int, rng: np.random.Generator) -> Aperture:
    """A disc as wide as the view; where the view is lower it is cut off above and below."""
    y, x = np.ogrid[:height, :width]
    away = np.hypot(x - (width - 1) / 2, y - (height - 1) / 2)
    return np.where(away <= width / 2, 255, 0).astype(np.uint8)


def rectangle(width: int, height: int, rng: np.random.Generator) -> Aperture:
    """The whole rectangle."""
    return np.full((height, width), 255, np.uint8)


OUTLINES: dict[str, Callable[[int, int, np.random.Generator], Aperture]] = {
    "octagon": octagon,
    "rounded": rounded,
    "disc": disc,
    "rectangle": rectangle,
}
"""Shapes a view may have, by name."""


def draw_inset(screen: Rgb, room: Rect, still: Rgb, rng: np.random.Generator) -> int:
    """A small frozen picture high in the room; returns the row below it."""
    width = max(16, round(min(room.width * rng.uniform(0.45, 0.8), 0.22 * screen.shape[1])))
    height = max(14, round(width * 0.85))
    left = room.x + round((room.width - width) * rng.uniform(0.1, 0.9))
    top = round(screen.shape[0] * float(rng.uniform(0.0, 0.08)))
    small = cv2.resize(still, (width, height), interpolation=cv2.INTER_AREA)
    place = Rect(left, top, width, height).slices()
    cv2.copyTo(small, octagon(width, height, rng), screen[place])
    return int(top + height)


def write_fields(screen: Rgb, room: Rect, top: int, rng: np.random.Generator) -> None:
    """Burned-in fields of nobody: case, date, time, settings, grey bars, a maker's mark."""
    scale = screen.shape[0] / 1080
    ink = (int(rng.integers(170, 256)),) * 3
    margin = round(24 * scale)
    lines = (
        f"CASE {rng.integers(10_000):04d}",
        "ID:",
        "Name: -",
        "Sex:   Age:",
        f"{rng.integers(1, 29):02d}/{rng.integers(1, 13):02d}/20{rng.integers(10, 27):02d}",
        f"{rng.integers(24):02d}:{rng.integers(60):02d}:{rng.integers(60):02d}",
        "",
        f"{rng.integers(1, 40)}/{rng.integers(40, 60)}",
        f"Eh:A{rng.integers(1, 4)} Cm:{rng.integers(1, 3)}",
        "Comment:",
    )
    size, thickness = scale * float(rng.uniform(0.7, 1.0)), max(1, round(2 * scale))
    column = screen[:, room.x : room.x + room.width]
    row = top + round((50 + rng.uniform(0, 80)) * scale)
    for line in lines[: int(rng.integers(5, len(lines) + 1))]:
        place = (margin, row)
        cv2.putText(
            column, line, place, cv2.FONT_HERSHEY_SIMPLEX, size, ink, thickness, cv2.LINE_AA
        )
        row += round(44 * scale)
    step, height = max(3, round(min(220 * scale, room.width * 0.7) / 6)), max(2, round(14 * scale))
    for number in range(int(rng.integers(0, 6))):
        bar = Rect(margin + number * step, row, step - 2, height)
        column[bar.slices()] = 40 + 35 * number
    if rng.random() < 0.5:
        mark = (margin + round(16 * scale), screen.shape[0] - round(40 * scale))
        tone = tuple(int(value) for value in rng.integers(60, 220, 3))
        cv2.circle(column, mark, round(16 * scale), tone, max(1, round(4 * scale)), cv2.LINE_AA)


def draw_guide(
    screen: Rgb, aperture: Aperture, view: Rect, room: Rect, *, over: bool, rng: np.random.Generator
) -> None:
    """A box with the endoscope's course as a wire, as a ScopeGuide shows it.

    Args:
        screen: (H, W, 3) uint8 RGB, drawn on.
        aperture: over the view; closed where the box hides it.
        view: bounding box of the endoscope's picture.
        room: the free column beside it.
        over: the box hides the view's lower corner, else it stands beside the view.
        rng: where its size, colours and course come from.
    """
    screen_height, screen_width = screen.shape[:2]
    reach = round(0.16 * view.width) if over else 0
    width = min(round(0.28 * screen_width), round(0.9 * room.width) + reach)
    height = min(round(width * rng.uniform(0.7, 0.8)), round(0.34 * screen_height))
    if over:
        left = view.x + reach - width if room.x < view.x else view.x + view.width - reach
        lowest = screen_height - view.y - view.height
        bottom = screen_height - round(lowest * rng.uniform(0, 1))
    else:
        left = room.x + (room.width - width) // 2
        bottom = screen_height - round(screen_height * rng.uniform(0, 0.03))
    box = Rect(left, bottom - height, width, height)
    inside = screen[box.slices()]
    ground = GUIDE_COLOURS[int(rng.integers(len(GUIDE_COLOURS)))]
    inside[:] = ground
    if rng.random() < 0.4:
        inside[:, width // 2 :] = GUIDE_SIDE_COLOUR
    wire = (40, 50, 50) if sum(ground) > 200 else (120, 220, 140)
    along = np.linspace(0, 1, 60)
    for middle in (0.25, 0.75):
        (sway, dip), (fast, slow) = rng.uniform(0.05, 0.12, 2), rng.uniform(6, 21, 2)
        x = (middle - 0.04 + sway * np.sin(fast * along)) * width
        y = (0.88 - 0.6 * along + dip * np.cos(slow * along)) * height
        course = np.stack([x, y], axis=1).astype(np.int32)[:, None]
        cv2.polylines(inside, [course], False, wire, max(1, math.ceil(width / 120)), cv2.LINE_AA)
    inside[:, width // 2] = (90, 150, 130)
    hidden = np.zeros(screen.shape[:2], np.bool_)
    hidden[box.slices()] = True
    aperture[hidden[view.slices()]] = 0


def draw_border(screen: Rgb, aperture: Aperture, view: Rect, rng: np.random.Generator) -> None:
    """A thin grey line around the view, outside of it."""
    shown = np.zeros(screen.shape[:2], np.uint8)
    shown[view.slices()] = aperture
    wider = cv2.dilate(shown, np.ones((3, 3), np.uint8))
    screen[(wider != 0) & (shown == 0)] = int(rng.integers(50, 120))
