"""The shapes of annotation tools, each painted in its own way.

Files come from anywhere: nothing in them may make a shape larger than its picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.extras import require

Canvas = NDArray[np.bool_]

FRACTION_BITS = 8
"""Of a sample, in OpenCV's coordinates."""


class Shape(Protocol):
    """What people drew."""

    def paint(self, canvas: Canvas) -> None:
        """Set what lies inside.

        Args:
            canvas: (H, W) bool, changed in place.

        Raises:
            ValueError: the shape is damaged, or is no area.
        """


@dataclass(frozen=True, slots=True)
class Polygons:
    """Outlines that belong together, each x, y, x, y ...; filled as COCO's own tools do."""

    outlines: Sequence[Sequence[float]]

    def paint(self, canvas: Canvas) -> None:
        """Set what lies inside."""
        require("pycocotools", "annotation", "Drawing polygons")
        from pycocotools import mask as run_lengths

        height, width = canvas.shape
        for outline in self.outlines:
            points = np.array(outline, np.float64)
            if points.size < 6 or points.size % 2 or not np.isfinite(points).all():
                raise ValueError("an outline is no polygon: it needs three points or more")
            # What lies far outside would take memory without end.
            inside = np.clip(points.reshape(-1, 2), 0, (width, height)).ravel()
            drawn = run_lengths.frPyObjects([inside.tolist()], height, width)
            counts = counts_of(drawn[0]["counts"].decode("ascii"))
            Runs(counts, None, by_columns=True).paint(canvas)


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse: its centre, half axes, and clockwise degrees."""

    x: float
    y: float
    half_width: float
    half_height: float
    degrees: float

    def paint(self, canvas: Canvas) -> None:
        """Set what lies inside."""
        numbers = np.array((self.x, self.y, self.half_width, self.half_height))
        most = 4 * max(canvas.shape)
        if not np.isfinite([*numbers, self.degrees]).all() or np.abs(numbers).max() > most:
            raise ValueError("an ellipse lies far outside the picture")
        x, y, wide, high = (numbers * (1 << FRACTION_BITS)).round().astype(int).tolist()
        drawn = np.zeros(canvas.shape, np.uint8)
        axes = (abs(wide), abs(high))
        cv2.ellipse(drawn, (x, y), axes, self.degrees, 0, 360, 1, -1, shift=FRACTION_BITS)
        canvas |= drawn > 0


@dataclass(frozen=True, slots=True)
class Runs:
    """Run lengths within a rectangle: how many samples are outside, inside, outside ...

    Attributes:
        counts: the lengths.
        box: left, top, width, height; None is the whole picture.
        by_columns: as COCO counts; else row by row, as CVAT does.
    """

    counts: Sequence[int]
    box: tuple[int, int, int, int] | None
    by_columns: bool

    def paint(self, canvas: Canvas) -> None:
        """Set what lies inside."""
        left, top, width, height = self.box or (0, 0, canvas.shape[1], canvas.shape[0])
        here = canvas[max(top, 0) : top + height, max(left, 0) : left + width]
        if here.shape != (height, width):
            raise ValueError("a mask reaches out of the picture")
        # pycocotools reads past the end where they are too few.
        if min(self.counts, default=0) < 0 or sum(self.counts) != here.size:
            raise ValueError("a mask's run lengths do not make up its size")
        values = np.arange(len(self.counts)) % 2 == 1
        samples = np.repeat(values, self.counts)
        here |= samples.reshape(width, height).T if self.by_columns else samples.reshape(here.shape)


@dataclass(frozen=True, slots=True)
class NoArea:
    """A box, a line, points: they do not say which samples are polyp.

    Attributes:
        kind: what it is called.
    """

    kind: str

    def paint(self, canvas: Canvas) -> None:
        """Refuse to."""
        raise ValueError(f"a {self.kind} is no area: draw a mask or a polygon")


@dataclass(frozen=True, slots=True)
class Damaged:
    """A shape that the file does not describe as it should.

    Attributes:
        what: is wrong with it.
    """

    what: str

    def paint(self, canvas: Canvas) -> None:
        """Refuse to."""
        raise ValueError(self.what)


def counts_of(text: str) -> list[int]:
    """COCO's run lengths out of their packed text.

    Five bits a sign, the lowest first, from `0` on; the sixth says that there are more. From the
    third number on each is the difference to the one before the last.

    Raises:
        ValueError: it is no such text.
    """
    counts: list[int] = []
    number = shift = 0
    for sign in text:
        bits = ord(sign) - ord("0")
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError("a mask's run lengths are damaged")
        number |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            if bits & 0x10:
                number -= 1 << shift
            counts.append(number + (counts[-2] if len(counts) > 2 else 0))
            number = shift = 0
    if shift:
        raise ValueError("a mask's run lengths are damaged")
    return counts
