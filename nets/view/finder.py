"""Finds the endoscope's picture on a processor's screen, in a single frame.

Around it lie flat panels near black, text, a ScopeGuide box (even over a corner of the picture)
and a second, smaller picture. The search runs on a thumbnail: of what is brighter or redder than
the panel, less boxes of one colour, the largest piece that looks like tissue.
"""

import cv2
import numpy as np

from nets.picture import Picture, Rect
from nets.view.sides import OnSides, box_of, refine, shadowed_sides, sides_passed, union
from nets.view.surround import (
    Panel,
    above_panel,
    find_panel,
    flat_boxes,
    is_busy,
    is_coloured,
)
from nets.view.thumbnail import Thumbnail, make_thumbnail

SMALLEST_SHARE = 0.04
"""A view has at least this share of the frame; an inset on a 1080p screen has 0.03."""

SMALLEST_FRAGMENT_SHARE = 0.005
"""So much of the frame beyond a shadow is still taken for part of the view."""

COLOURED_SHARE = 0.2
"""A view is coloured in at least this share; real frames are in 0.45 and more."""

BUSY_SHARE = 0.3
"""A view is textured in at least this share: real frames are in 0.67 and more, blurred and
overexposed ones included, colour bars and panels with an inset in 0.2 and less."""

INNER_PANEL_SHARE = 0.3
"""Share of a view's rim that makes it a panel of its own, inside the first."""

PANELS_DEEP = 3
"""Panels within panels that are looked through: a pillarboxed processor's screen has two."""


def find_view(picture: Picture) -> Rect | None:
    """Find the endoscope's picture in a frame.

    Args:
        picture: any layout, any size.

    Returns:
        The bounding box of the endoscope's picture in luma samples, the whole frame where no
        panel surrounds it, or None where there is none: black, colour bars, text alone. Where
        in doubt, the larger rectangle. It is not aligned to the chroma grid.
    """
    small = make_thumbnail(picture)
    panel = find_panel(small)
    view = _find_piece(small, panel, small.whole.area)
    if view is None:
        return None
    for _ in range(PANELS_DEEP - 1):
        inside = small.crop(view)
        inner = find_panel(inside, INNER_PANEL_SHARE)
        if inner is None or inner == panel:
            break
        piece = _find_piece(inside, inner, small.whole.area)
        if piece is None:
            break
        panel = inner
        view = Rect(view.x + piece.x, view.y + piece.y, piece.width, piece.height)
    return refine(picture, view, small.whole, small.step, panel)


def _find_piece(small: Thumbnail, panel: Panel | None, frame_area: int) -> Rect | None:
    """The box of the largest piece that looks like tissue, in cells."""
    lit, busy, coloured = above_panel(small, panel), is_busy(small), is_coloured(small)
    for box in flat_boxes(small, lit, busy):
        top, left = max(box.y - 1, 0), max(box.x - 1, 0)
        lit[top : box.y + box.height + 1, left : box.x + box.width + 1] = False
    opened = cv2.morphologyEx(lit.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    view: Rect | None = None
    shadowed = OnSides(False, False, False, False)
    for label in 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable"):
        x, y, width, height, area = stats[label].tolist()
        if area < frame_area * (SMALLEST_SHARE if view is None else SMALLEST_FRAGMENT_SHARE):
            break
        box = Rect(x, y, width, height)
        piece = labels == label
        if np.count_nonzero(piece & coloured) < COLOURED_SHARE * area:
            continue
        if np.count_nonzero(piece & busy) < BUSY_SHARE * area:
            continue
        if view is None:
            view = box_of(piece)
            shadowed = shadowed_sides(piece, view)
        elif any(a and b for a, b in zip(sides_passed(view, box), shadowed, strict=True)):
            view = union(view, box)
    return view
