"""Turning a picture upright as its container's display matrix says."""

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType

from nets.picture import Plane
from stream.errors import SourceError
from stream.frame import layout_of, view_plane


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored rows and columns become shown ones: transpose first, then flip.

    Attributes:
        transposed: rows and columns change places.
        rows_flipped: the last row comes first, after transposing.
        columns_flipped: the last column comes first, after transposing.
    """

    transposed: bool = False
    rows_flipped: bool = False
    columns_flipped: bool = False

    def turn(self, plane: Plane) -> Plane:
        """The plane's samples in shown order: a view, nothing copied."""
        if self.transposed:
            plane = plane.swapaxes(0, 1)
        if self.rows_flipped:
            plane = plane[::-1]
        return plane[:, ::-1] if self.columns_flipped else plane


UPRIGHT = Orientation()

QUARTER_TURNS = {
    0: UPRIGHT,
    90: Orientation(transposed=True, rows_flipped=True),
    -90: Orientation(transposed=True, columns_flipped=True),
    180: Orientation(rows_flipped=True, columns_flipped=True),
    -180: Orientation(rows_flipped=True, columns_flipped=True),
}
"""Orientations by the angle, in degrees counterclockwise, that shows a picture upright."""


def orientation_of(decoded: av.VideoFrame) -> Orientation:
    """The orientation a frame's display matrix asks for (ISO/IEC 14496-12, 8.5.3).

    The matrix maps a stored sample (x, y) to x' = a·x + c·y, y' = b·x + d·y.

    Raises:
        SourceError: the matrix turns by an angle that is no quarter turn.
    """
    try:
        side_data: Any = decoded.side_data  # a mapping by type, which its stub does not say
        matrix = side_data.get(SideDataType.DISPLAYMATRIX)
    except ValueError:  # other side data is of a kind that PyAV has no name for
        return QUARTER_TURNS.get(decoded.rotation, UPRIGHT)
    if matrix is None:
        return UPRIGHT
    matrix = np.frombuffer(matrix, np.int32)
    a, b, c, d = (int(matrix[index]) for index in (0, 1, 3, 4))
    if a and d and not (b or c):
        return Orientation(rows_flipped=d < 0, columns_flipped=a < 0)
    if b and c and not (a or d):
        return Orientation(transposed=True, rows_flipped=b < 0, columns_flipped=c < 0)
    raise SourceError("its display matrix turns the picture by no quarter turn")


def upright(decoded: av.VideoFrame, orientation: Orientation) -> av.VideoFrame:
    """A new frame with the picture turned, of the same format.

    Args:
        decoded: a frame of a format that travels; where rows and columns change places,
            one whose chroma is sampled alike along both.
        orientation: how to turn it.
    """
    layout = layout_of(decoded.format.name)
    if layout is None:
        raise SourceError(f"pixel format {decoded.format.name} has to be converted before turning")
    width, height = decoded.width, decoded.height
    if orientation.transposed:
        width, height = height, width
    turned = av.VideoFrame(width, height, decoded.format.name)
    stored = layout.plane_shapes(decoded.height, decoded.width)
    shown = layout.plane_shapes(height, width)
    for source, target, before, after in zip(
        decoded.planes, turned.planes, stored, shown, strict=True
    ):
        samples = view_plane(source, before, layout.dtype)
        view_plane(target, after, layout.dtype)[...] = orientation.turn(samples)
    turned.pts = decoded.pts
    turned.colorspace, turned.color_range = decoded.colorspace, decoded.color_range
    turned.color_primaries, turned.color_trc = decoded.color_primaries, decoded.color_trc
    return turned
