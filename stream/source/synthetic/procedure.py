"""A synthetic procedure as it is seen: the endoscope's picture on its processor's screen."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from stream.source.synthetic.mucosa import Array
from stream.source.synthetic.panel import make_panel, view_of
from stream.source.synthetic.scene import EndoscopeView

SENSOR_SAMPLES = 220_000
"""Samples of the picture before the processor scales it up: endoscopes' sensors are small."""

PRELUDE = 1.5
"""Seconds from a scene's start to its first polyp coming up."""

STILL_AT = -20.0
"""Seconds before the start at which the picture in the picture was frozen."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One frame of a synthetic scene.

    Attributes:
        rgb: (H, W, 3) uint8, the processor's screen.
        mask: (H, W) bool, where a polyp is seen.
        view: bounding box of the endoscope's picture.
    """

    rgb: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    view: Rect


class SyntheticScene:
    """A synthetic colonoscopy: any frame, in any order, is a function of seed and index.

    Attributes:
        seed: of everything.
        size: width and height of the screen.
        fps: frames a second.
        panel: what stands around the picture.
    """

    def __init__(
        self,
        seed: int,
        size: tuple[int, int] = (1920, 1080),
        fps: Fraction = Fraction(25),
        layout: str | None = None,
    ) -> None:
        """Make the scene's wall and panel.

        Args:
            seed: of everything.
            size: width and height of the screen.
            fps: frames a second.
            layout: of the panel, one of `panel.LAYOUTS`; None lets the seed choose.

        Raises:
            SettingsError: there is no such layout.
        """
        self.seed, self.size, self.fps = seed, size, fps
        view = view_of(seed, size, layout)
        shrink = min(1.0, math.sqrt(SENSOR_SAMPLES / view.area))
        width, height = (max(2, round(side * shrink)) for side in (view.width, view.height))
        self._endoscope = EndoscopeView(seed, width, height)
        self._start = self._endoscope.before_first_polyp() - PRELUDE
        still, _ = self._endoscope.render(self._start + STILL_AT)
        self.panel = make_panel(seed, size, still, layout)

    @property
    def view(self) -> Rect:
        """Bounding box of the endoscope's picture on the screen."""
        return self.panel.view

    def picture(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The endoscope's own picture, uint8 RGB, and its mask, at the sensor's size."""
        return self._endoscope.render(self._seconds(index))

    def places_at(self, index: int, other: int) -> Array:
        """(H, W, 2): where each sample of a frame's own picture is in that of another frame."""
        return self._endoscope.places_at(self._seconds(index), self._seconds(other))

    def _seconds(self, index: int) -> float:
        return self._start + float(index / self.fps)

    def render(self, index: int) -> Rendered:
        """The whole screen at a frame."""
        picture, mask = self.picture(index)
        return Rendered(self.panel.show(picture), self.panel.show_mask(mask), self.view)
