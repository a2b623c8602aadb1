"""A picture in its native planes: what layout they have and which colour they mean.

Needs numpy alone, so that whatever only moves pictures imports no network library.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]
"""One plane of samples: uint8, or uint16 where a sample has more than 8 bits."""

SD_LINES = 720
"""Untagged video with fewer lines is BT.601, from here on BT.709."""


class Matrix(StrEnum):
    """Luma coefficients (ITU-T H.273 MatrixCoefficients)."""

    BT601 = "bt601"
    BT709 = "bt709"
    BT2020 = "bt2020"

    @property
    def kr_kb(self) -> tuple[float, float]:
        """Weights of red and blue in luma."""
        return {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}[
            self.value
        ]


@dataclass(frozen=True, slots=True)
class Colour:
    """What the samples mean: the matrix, and whether they use the full range."""

    matrix: Matrix
    full_range: bool = False

    @classmethod
    def untagged(cls, height: int) -> "Colour":
        """The colour of a picture that says nothing of itself."""
        return cls(Matrix.BT601 if height < SD_LINES else Matrix.BT709)


@dataclass(frozen=True, slots=True)
class Layout:
    """How samples lie in the planes.

    Attributes:
        name: FFmpeg's pixel format name.
        chroma_shift_x: log2 of luma samples per chroma sample along a row.
        chroma_shift_y: the same along a column.
        bits: significant bits a sample.
        interleaved: chroma is one plane of (h, w, 2), as in NV12.
        shift: how far left the significant bits lie in their word (P010: 6).
        grey: there is no chroma.
    """

    name: str
    chroma_shift_x: int
    chroma_shift_y: int
    bits: int = 8
    interleaved: bool = False
    shift: int = 0
    grey: bool = False

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """Type of a sample."""
        return np.uint8 if self.bits == 8 else np.uint16

    def plane_shapes(self, height: int, width: int) -> tuple[tuple[int, ...], ...]:
        """Shapes of the planes of a picture of this size, odd sizes rounded up."""
        if self.grey:
            return ((height, width),)
        rows = -(-height >> self.chroma_shift_y)
        columns = -(-width >> self.chroma_shift_x)
        if self.interleaved:
            return ((height, width), (rows, columns, 2))
        return ((height, width), (rows, columns), (rows, columns))


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        *(
            Layout(f"yuv{sub}p{depth}", sx, sy, bits)
            for sub, sx, sy in (("420", 1, 1), ("422", 1, 0), ("444", 0, 0))
            for depth, bits in (("", 8), ("10le", 10), ("12le", 12))
        ),
        Layout("nv12", 1, 1, 8, interleaved=True),
        Layout("p010le", 1, 1, 10, interleaved=True, shift=6),
        Layout("gray", 0, 0, 8, grey=True),
        Layout("gray10le", 0, 0, 10, grey=True),
        Layout("gray12le", 0, 0, 12, grey=True),
    )
}
"""Every layout that travels from source to encoder; others are converted once, at the source."""


class Rect(NamedTuple):
    """A rectangle of luma samples: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> int:
        """Samples inside."""
        return self.width * self.height

    def slices(self) -> tuple[slice, slice]:
        """Row and column slices of a luma plane."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def intersection_over_union(self, other: "Rect") -> float:
        """Overlap with another rectangle, in [0, 1]."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        overlap = max(width, 0) * max(height, 0)
        union = self.area + other.area - overlap
        return overlap / union if union else 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture's samples, never changed in place.

    Attributes:
        planes: luma (H, W), then chroma as `layout.plane_shapes` says; rows may be
            strided, samples in a row are contiguous.
        layout: how samples lie in the planes.
        colour: what they mean.
    """

    planes: tuple[Plane, ...]
    layout: Layout
    colour: Colour

    @property
    def height(self) -> int:
        """Luma rows."""
        return int(self.planes[0].shape[0])

    @property
    def width(self) -> int:
        """Luma columns."""
        return int(self.planes[0].shape[1])

    @property
    def whole(self) -> Rect:
        """The rectangle of the whole picture."""
        return Rect(0, 0, self.width, self.height)

    def aligned(self, rect: Rect) -> Rect:
        """The largest rectangle inside `rect` and the picture that starts on a chroma sample.

        Its width and height are multiples of the chroma grid too, except where the
        picture's own odd edge ends it.
        """
        across, down = 1 << self.layout.chroma_shift_x, 1 << self.layout.chroma_shift_y
        left, top = -(-max(rect.x, 0) // across) * across, -(-max(rect.y, 0) // down) * down
        right = min(rect.x + rect.width, self.width)
        bottom = min(rect.y + rect.height, self.height)
        if right < self.width:
            right -= right % across
        if bottom < self.height:
            bottom -= bottom % down
        return Rect(left, top, max(right - left, 0), max(bottom - top, 0))

    def crop(self, rect: Rect) -> "Picture":
        """Views of the planes inside an aligned rectangle, nothing copied."""
        rows, columns = rect.slices()
        sx, sy = self.layout.chroma_shift_x, self.layout.chroma_shift_y
        chroma_rows = slice(rows.start >> sy, -(-rows.stop >> sy))
        chroma_columns = slice(columns.start >> sx, -(-columns.stop >> sx))
        luma, *chroma = self.planes
        return Picture(
            (luma[rows, columns], *(plane[chroma_rows, chroma_columns] for plane in chroma)),
            self.layout,
            self.colour,
        )
