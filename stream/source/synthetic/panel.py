"""The endoscopy processor's screen around the endoscope's picture.

Everything but the picture is drawn once a scene; a frame only has its picture put in.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from stream.errors import SettingsError
from stream.source.synthetic.panel_parts import (
    OUTLINES,
    Aperture,
    Rgb,
    draw_border,
    draw_guide,
    draw_inset,
    write_fields,
)

WIDEST_VIEW = 0.74
"""Share of the screen's width that a view beside a column of text has at most."""

BLACKS = (0, 0, 6, 16)
"""What processors have as black; the last is video's own black taken for full range."""


class Placing(NamedTuple):
    """Where a layout has its view, and what stands around it.

    Attributes:
        outline: the view's shape, of `OUTLINES`.
        across: how the width left over is split, 0 all right of the view to 1 all left.
        text: the screen carries burned-in text.
        guide: a ScopeGuide stands "beside" the view, "over" its corner, or not at all ("").
        inset: a second, frozen picture stands beside the view.
        square: the view is as high as it is wide.
    """

    outline: str
    across: float
    text: bool = True
    guide: str = ""
    inset: bool = False
    square: bool = False


FULL_FRAME = "full-frame"

PLACINGS: dict[str, Placing] = {
    "octagon-right": Placing("octagon", 0.97),
    "rounded-right": Placing("rounded", 0.97),
    "disc-right": Placing("disc", 0.95),
    "octagon-left": Placing("octagon", 0.03),
    "rounded-left": Placing("rounded", 0.03),
    "octagon-centred": Placing("octagon", 0.5, text=False),
    "rectangle-centred": Placing("rectangle", 0.5, text=False),
    "disc-centred": Placing("disc", 0.5, square=True),
    FULL_FRAME: Placing("rectangle", 0.5, text=False),
    "guide-beside": Placing("octagon", 0.97, guide="beside"),
    "guide-over-corner": Placing("octagon", 0.9, guide="over"),
    "picture-in-picture": Placing("octagon", 0.97, inset=True),
    "picture-in-picture-and-guide": Placing("rounded", 0.97, guide="over", inset=True),
}

LAYOUTS: tuple[str, ...] = tuple(PLACINGS)
"""Names of the layouts."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A processor's screen with a hole for the endoscope's picture.

    Attributes:
        layout: its name, one of `LAYOUTS`.
        background: (H, W, 3) uint8 RGB, everything but the picture.
        view: bounding box of the picture.
        aperture: (view.height, view.width) uint8, 255 where the picture shows.
    """

    layout: str
    background: Rgb
    view: Rect
    aperture: Aperture

    def show(self, picture: Rgb) -> Rgb:
        """The screen with a picture of any size in it: (H, W, 3) uint8 RGB."""
        size = (self.view.width, self.view.height)
        fitted = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        screen = self.background.copy()
        cv2.copyTo(fitted, self.aperture, screen[self.view.slices()])
        return screen

    def show_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A mask of the picture on the screen, what the aperture hides cut off: (H, W) bool."""
        screen = np.zeros(self.background.shape[:2], np.bool_)
        if mask.any():
            size = (self.view.width, self.view.height)
            soft = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR)
            screen[self.view.slices()] = (soft > 127) & (self.aperture != 0)
        return screen


def choose_layout(seed: int) -> str:
    """The layout of a seed; seeds in a row go through all of them."""
    return LAYOUTS[seed % len(LAYOUTS)]


def check_layout(name: str) -> str:
    """The name itself.

    Raises:
        SettingsError: no layout has it.
    """
    if name in PLACINGS:
        return name
    near = get_close_matches(name, LAYOUTS, 1)
    hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(LAYOUTS)}"
    raise SettingsError(f"layout {name!r} is unknown: {hint}")


def view_of(seed: int, size: tuple[int, int], layout: str | None = None) -> Rect:
    """Where the panel of a seed has its view; for arguments see `make_panel`."""
    name = choose_layout(seed) if layout is None else check_layout(layout)
    if name == FULL_FRAME:
        return Rect(0, 0, *size)
    return _place_view(PLACINGS[name], size, np.random.default_rng([seed, 11]))


def make_panel(seed: int, size: tuple[int, int], still: Rgb, layout: str | None = None) -> Panel:
    """The panel of a seed.

    Args:
        seed: chooses sizes, colours, text and, without `layout`, the layout.
        size: width and height of the screen.
        still: (h, w, 3) uint8 RGB, what a picture in the picture shows.
        layout: one of `LAYOUTS`.

    Raises:
        SettingsError: there is no such layout.
    """
    name = choose_layout(seed) if layout is None else check_layout(layout)
    placing = PLACINGS[name]
    view = view_of(seed, size, name)
    rng = np.random.default_rng([seed, 10])
    background = np.empty((size[1], size[0], 3), np.uint8)
    background[:] = int(rng.choice(BLACKS)) + rng.integers(0, 3, 3)
    aperture = OUTLINES[placing.outline](view.width, view.height, rng)
    if name == FULL_FRAME:
        return Panel(name, background, view, aperture)
    room = _room_beside(view, *size)
    top = draw_inset(background, room, still, rng) if placing.inset else 0
    if placing.text:
        write_fields(background, room, top, rng)
    if placing.guide:
        draw_guide(background, aperture, view, room, over=placing.guide == "over", rng=rng)
    if rng.random() < 0.3:
        draw_border(background, aperture, view, rng)
    return Panel(name, background, view, aperture)


def _place_view(placing: Placing, size: tuple[int, int], rng: np.random.Generator) -> Rect:
    """Bounding box of the view, on even samples."""
    screen_width, screen_height = size
    height = screen_height * float(rng.uniform(0.88, 1.0))
    width = min(height * float(rng.uniform(1.08, 1.28)), screen_width * WIDEST_VIEW)
    height = min(height, width / (1.0 if placing.square else 1.06))
    if placing.square:
        width = height
    width, height = round(width / 2) * 2, round(height / 2) * 2
    left = round((screen_width - width) * placing.across / 2) * 2
    top = round((screen_height - height) * float(rng.uniform(0.2, 0.8)) / 2) * 2
    return Rect(left, top, width, height)


def _room_beside(view: Rect, width: int, height: int) -> Rect:
    """The wider of the columns left and right of the view."""
    right = view.x + view.width
    if view.x >= width - right:
        return Rect(0, 0, view.x, height)
    return Rect(right, 0, width - right, height)
