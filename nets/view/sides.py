"""The four sides of a view: told from a piece of the thumbnail, then read at full resolution."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nets.picture import Picture, Plane, Rect
from nets.view.surround import PANEL_MARGIN, Mask, Panel
from nets.view.thumbnail import eight_bits, full_range_luma

THINNEST_PROFILE = 0.08
"""A row or column with a smaller share of the picture than this is text that touches it. The
outermost column of a round picture has 0.15."""

OUTERMOST = 0.2
"""Quantile of the places where a side's rows say it is: an outer one, but not a stray."""

STRAIGHT_SHARE = 0.5
"""Share of the rows that agree before a side is read further in than the thumbnail has it: a
panel ends so, a shadow does not."""

VERY_STRAIGHT_SHARE = 0.8
"""The same before everything further out is taken for something else."""

FEWEST_ROWS = 8
"""Fewer rows do not tell whether a side is straight."""

OFF_CENTRE = 0.3
"""A side whose furthest rows lie this near to a corner is not a picture's own."""

REFINED_ROWS = 64
"""Rows read at full resolution for a side."""

EDGE_SHARE = 0.002
"""A gap to the frame's edge below this share of the side is the capture's, not a panel's."""


class OnSides(NamedTuple):
    """Something said of each side."""

    left: bool
    right: bool
    top: bool
    bottom: bool


def box_of(piece: Mask) -> Rect:
    """The box of a convex piece, less what hangs on to it: text, an inset over its corner."""
    x, width = _span(piece)
    y, height = _span(piece[:, x : x + width].T)
    return Rect(x, y, width, height)


def shadowed_sides(piece: Mask, box: Rect) -> OnSides:
    """Sides that a shadow may have moved: a picture reaches furthest near a side's middle."""
    inside = piece[box.slices()]
    left, right = inside[:, :2], inside[:, -2:]
    top, bottom = inside[:2].T, inside[-2:].T
    return OnSides(*(_is_off_centre(edge) for edge in (left, right, top, bottom)))


def sides_passed(box: Rect, other: Rect) -> OnSides:
    """Sides of a box that another rectangle reaches past."""
    return OnSides(
        other.x < box.x,
        other.x + other.width > box.x + box.width,
        other.y < box.y,
        other.y + other.height > box.y + box.height,
    )


def union(a: Rect, b: Rect) -> Rect:
    """The smallest rectangle around two."""
    x, y = min(a.x, b.x), min(a.y, b.y)
    right, bottom = max(a.x + a.width, b.x + b.width), max(a.y + a.height, b.y + b.height)
    return Rect(x, y, right - x, bottom - y)


def refine(picture: Picture, cells: Rect, whole: Rect, step: int, panel: Panel | None) -> Rect:
    """A view on the picture's own grid, its sides where the panel really ends.

    Args:
        picture: the picture.
        cells: the view on its thumbnail.
        whole: all of the thumbnail; its last cells end with the picture.
        step: samples a cell.
        panel: what surrounds the view.
    """
    left, top = cells.x * step, cells.y * step
    right, bottom = (cells.x + cells.width) * step, (cells.y + cells.height) * step
    right = picture.width if cells.x + cells.width == whole.width else right
    bottom = picture.height if cells.y + cells.height == whole.height else bottom
    if panel is None:
        return Rect(left, top, right - left, bottom - top)
    luma = picture.planes[0]
    across, down = luma[top:bottom], luma[:, left:right].T
    left = _refine_start(picture, across, left, step, panel)
    right = picture.width - _refine_start(
        picture, across[:, ::-1], picture.width - right, step, panel
    )
    top = _refine_start(picture, down, top, step, panel)
    bottom = picture.height - _refine_start(
        picture, down[:, ::-1], picture.height - bottom, step, panel
    )
    return Rect(left, top, right - left, bottom - top)


def _is_off_centre(edge: Mask) -> bool:
    """Whether the rows of a piece in a side's outermost columns lie near its end."""
    furthest = np.flatnonzero(edge.any(axis=1))
    middle = int(furthest[len(furthest) // 2]) / edge.shape[0]
    return not OFF_CENTRE < middle < 1 - OFF_CENTRE


def _span(piece: Mask) -> tuple[int, int]:
    """First column of a piece and number of columns."""
    counts = np.count_nonzero(piece, axis=0)
    kept = np.flatnonzero(counts >= max(THINNEST_PROFILE * counts.max(), 1))
    first, last, end = int(kept[0]), int(kept[-1]), piece.shape[1] - 1
    reached = np.flatnonzero(piece.any(axis=1))
    third = len(reached) // 3
    middle = piece[reached[third : len(reached) - third]]
    if len(middle) < FEWEST_ROWS or not middle.any(axis=1).all():
        return first, last - first + 1
    first = _without_overhang(middle.argmax(axis=1), first)
    last = end - _without_overhang(middle[:, ::-1].argmax(axis=1), end - last)
    return first, last - first + 1


def _without_overhang(starts: NDArray[np.intp], first: int) -> int:
    """Where a side's middle rows start, if they make a straight side; else where all rows do.

    Pictures are convex: no row reaches past a straight middle. What does is an inset or a box
    over the picture's corner.
    """
    side = _outer(starts)
    straight = np.mean(np.abs(starts - side) <= 1) >= VERY_STRAIGHT_SHARE
    return side if straight and side > first + 2 else first


def _outer(starts: NDArray[np.intp]) -> int:
    """The `OUTERMOST` quantile of where rows start."""
    return int(np.sort(starts)[int(OUTERMOST * len(starts))])


def _refine_start(picture: Picture, rows: Plane, start: int, step: int, panel: Panel) -> int:
    """The column at which a picture starts.

    Args:
        picture: says how to read its samples.
        rows: luma rows that cross the side, (n, length).
        start: where it starts by the thumbnail.
        step: columns a cell.
        panel: what lies before it.
    """
    before = max(start - 2 * step - 1, 0)
    middle = rows[len(rows) // 5 : max(len(rows) - len(rows) // 5, 1)]
    band = middle[:: max(len(middle) // REFINED_ROWS, 1), before : start + 3 * step + 3]
    if band.shape[1] < 3:
        return start
    lit = full_range_luma(eight_bits(band, picture), picture) > panel.luma + PANEL_MARGIN
    run = lit[:, :-2] & lit[:, 1:-1] & lit[:, 2:]
    crosses = run.any(axis=1)
    if before > 0:
        crosses &= ~run[:, 0]
    starts = run.argmax(axis=1)[crosses]
    if len(starts) < max(len(band) // 4, 1):
        return start
    found = _outer(starts)
    straight = np.mean(np.abs(starts - found) <= 2) >= STRAIGHT_SHARE
    if before + found > start and not straight:
        return start
    return 0 if before + found <= max(1, EDGE_SHARE * rows.shape[1]) else before + found
