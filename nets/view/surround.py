"""What on a screen is not the endoscope's picture: the panel around it, boxes of one colour."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from nets.view.thumbnail import NEUTRAL, Samples, Thumbnail

Mask = NDArray[np.bool_]
"""(h, w) on the thumbnail."""

PANEL_BRIGHTEST = 64
"""Panels are darker than this (luma, full range); a brighter rim is a picture's."""

PANEL_SHARE = 0.04
"""Share of the rim that makes a dark level a panel; less is a corner in shadow."""

PANEL_PEAKS = ((1, 8, 0.5), (4, 24, 0.6))
"""A panel's level stands out on the rim: of the samples within the second number of levels, the
third number lies within the first. One suits clean screens, one an analogue capture's noise; a
shadow spreads."""

PANEL_MARGIN = 6
"""How far above the panel's luma the picture starts. Panels spread by one or two levels; the
dark lumen of real recordings lies 15 to 30 above them."""

RED_MARGIN = 5
"""How far above the panel's Cr the picture starts where it is as dark as the panel."""

TISSUE_CHROMA = 6
"""Distance of tissue from neutral chroma; text, panels and metal keep to half of it."""

BOX_SHARE = 0.005
"""A flat box has at least this share of the frame."""

BOX_FILL = 0.88
"""Share of its bounding box that a flat box fills; an ellipse of glare or a lumen fills 0.79."""

BOX_SPREAD = 6
"""How far a flat box's samples lie from its colour, compression and a gentle shade included."""

BOX_BRIGHTEST = 225
"""What is flat and brighter than this is overexposed tissue."""

BOX_COLOURS = 6
"""Colours of boxes that are looked for: two halves of a ScopeGuide, menus, some to spare."""


class Panel(NamedTuple):
    """What surrounds the picture: its luma (full range) and its Cr."""

    luma: int
    red: int


def find_panel(small: Thumbnail, share: float = PANEL_SHARE) -> Panel | None:
    """The panel, told by a dark level that many samples of the rim have exactly.

    Args:
        small: the thumbnail.
        share: part of the rim that has to have that level.

    Returns:
        The panel, or None where the picture goes to the edges.
    """
    luma = small.luma
    rim = np.concatenate([luma[0], luma[-1], luma[1:-1, 0], luma[1:-1, -1]])
    counts = np.bincount(rim, minlength=256)
    level = int(np.convolve(counts, (1, 2, 3, 2, 1), "same")[:PANEL_BRIGHTEST].argmax())

    def within(levels: int) -> int:
        return int(counts[max(level - levels, 0) : level + levels + 1].sum())

    stands_out = any(within(near) >= part * within(far) for near, far, part in PANEL_PEAKS)
    if not stands_out or within(2) < max(share * rim.size, 1):
        return None
    if small.red is None:
        return Panel(level, NEUTRAL)
    red = int(np.median(small.red[_near(luma, level, 2)]))
    return Panel(level, red) if red < NEUTRAL + TISSUE_CHROMA else None


def above_panel(small: Thumbnail, panel: Panel | None) -> Mask:
    """Where there is something else than panel."""
    if panel is None:
        return np.ones(small.luma.shape, np.bool_)
    lit = small.luma > panel.luma + PANEL_MARGIN
    if small.red is not None:
        lit |= small.red >= panel.red + RED_MARGIN
    return np.asarray(lit)


def is_busy(small: Thumbnail) -> Mask:
    """Where luma is not the same all around."""
    gradient = cv2.morphologyEx(small.luma, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return np.asarray(gradient > 1)


def is_coloured(small: Thumbnail) -> Mask:
    """Where chroma is away from neutral; everywhere in a picture without any colour."""
    if small.blue is None or small.red is None:
        return np.ones(small.luma.shape, np.bool_)
    neutral = _near(small.blue, NEUTRAL, TISSUE_CHROMA) & _near(small.red, NEUTRAL, TISSUE_CHROMA)
    return np.ones(neutral.shape, np.bool_) if neutral.all() else ~neutral


def flat_boxes(small: Thumbnail, lit: Mask, busy: Mask) -> list[Rect]:
    """Upright boxes of one colour that is not tissue's: ScopeGuide, messages, grey fields."""
    planes = [small.luma]
    flat = lit & ~busy & (small.luma < BOX_BRIGHTEST)
    if small.blue is not None and small.red is not None:
        planes += [small.blue, small.red]
        flat &= small.red <= NEUTRAL + TISSUE_CHROMA
    smallest = max(int(BOX_SHARE * flat.size), 16)
    boxes: list[Rect] = []
    for _ in range(BOX_COLOURS):
        colour = _commonest_colour([plane[flat] for plane in planes], smallest)
        if colour is None:
            break
        alike = np.ones(flat.shape, np.bool_)
        for plane, level in zip(planes, colour, strict=True):
            alike &= _near(plane, level, BOX_SPREAD)
        flat &= ~alike
        boxes += _boxes_of(alike, smallest)
    return boxes


def _near(plane: Samples, level: float, spread: int) -> Mask:
    """Where samples lie no further than `spread` from a level."""
    return np.asarray((plane >= level - spread) & (plane <= level + spread))


def _commonest_colour(samples: list[Samples], smallest: int) -> list[float] | None:
    """The colour most samples have, one list a plane; None where they do not make a box."""
    if len(samples[0]) < smallest // 2:
        return None
    bins = np.zeros(len(samples[0]), np.int32)
    for plane in samples:
        bins = (bins << 5) + (plane >> 3)
    counts = np.bincount(bins)
    commonest = int(counts.argmax())
    if counts[commonest] < smallest // 8:
        return None
    return [float(np.median(plane[bins == commonest])) for plane in samples]


def _boxes_of(alike: Mask, smallest: int) -> list[Rect]:
    """Rectangular pieces, thin lines across them closed."""
    closed = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [Rect(*cv2.boundingRect(outline)) for outline in outlines]
    return [
        box
        for box in boxes
        if box.area >= smallest
        and np.count_nonzero(closed[box.slices()]) >= max(smallest, BOX_FILL * box.area)
    ]
