"""Draws what stands on a live picture: the mask, its age, or why there is none."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame
from stream.live.notice import write_notice
from stream.live.policy import Verdict
from stream.overlay import Overlay, duplicate
from stream.redact import blank_levels

AGE_STEP_MS = 10
"""Ages are written in steps: digits that change with every frame draw the eye."""

BLANK_SIZE = (720, 1280)


@dataclass(slots=True)
class Drawing:
    """How a source's frames are drawn on; whoever has the keys may change it at any time.

    Attributes:
        overlay: how masks are drawn.
        masks: whether they are drawn.
    """

    overlay: Overlay
    masks: bool = True

    def draw(self, frame: Frame, verdict: Verdict, view: Rect) -> Frame:
        """The frame with the mask and its age, or with the notice; never the frame itself."""
        drawn = frame
        if verdict.found is not None and self.masks:
            drawn = self.overlay.draw(frame, verdict.found.mask)
        if drawn is frame:
            drawn = duplicate(frame)
        write_notice(drawn.picture, self.words(verdict), view)
        return drawn

    def words(self, verdict: Verdict) -> str:
        """What is written on the picture."""
        if verdict.age_s is None:
            return verdict.notice
        age = f"AI {math.ceil(verdict.age_s * 1000 / AGE_STEP_MS) * AGE_STEP_MS} ms"
        return age if self.masks else f"{age}, masks hidden"


def blank_frame(at: float) -> Frame:
    """A black frame for a source that has shown nothing yet."""
    layout, colour = LAYOUTS["yuv420p"], Colour(Matrix.BT709)
    planes = tuple(
        np.full(shape, level, np.uint8)
        for shape, level in zip(
            layout.plane_shapes(*BLANK_SIZE), blank_levels(layout, colour), strict=True
        )
    )
    return Frame(-1, 0, Fraction(1), Picture(planes, layout, colour), at)
