"""A frame as it travels from source to encoder: native planes and exact time."""

import time
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange

from nets.picture import LAYOUTS, Colour, Layout, Matrix, Picture, Plane
from stream.errors import SourceError

FULL_RANGE_ALIASES = {f"yuvj{sub}p": f"yuv{sub}p" for sub in ("420", "422", "444")}
"""FFmpeg's old names for the full-range layouts."""

MATRIX_OF_TAG = {
    1: Matrix.BT709,
    4: Matrix.BT601,  # FCC, within 1 % of BT.601
    5: Matrix.BT601,  # BT.470 BG: 625 lines
    6: Matrix.BT601,  # SMPTE 170M: 525 lines
    7: Matrix.BT709,  # SMPTE 240M, within 2 % of BT.709
    9: Matrix.BT2020,  # non-constant luminance
    10: Matrix.BT2020,  # constant luminance
}
"""What a frame's colour tag means (ITU-T H.273, MatrixCoefficients)."""

TAG_OF_MATRIX = {Matrix.BT601: 6, Matrix.BT709: 1, Matrix.BT2020: 9}
"""The tag that stands for a matrix."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of one source, never changed in place.

    Attributes:
        index: place in the source, from 0.
        pts: presentation time in units of `time_base`, exactly the source's.
        time_base: seconds per unit of `pts`.
        picture: native planes, their layout and colour.
        arrived_at: monotonic seconds when the frame arrived, still coded where it comes so.
        decoded: the decoder's own frame whose memory `picture` views, if there is one.
    """

    index: int
    pts: int
    time_base: Fraction
    picture: Picture
    arrived_at: float
    decoded: av.VideoFrame | None = field(default=None, repr=False, compare=False)

    @property
    def seconds(self) -> Fraction:
        """Presentation time, exact."""
        return self.pts * self.time_base

    def with_picture(self, picture: Picture) -> "Frame":
        """The same moment with other samples."""
        return replace(self, picture=picture, decoded=None)


def layout_of(name: str) -> Layout | None:
    """The layout of an FFmpeg pixel format, or None where the format has to be converted."""
    return LAYOUTS.get(FULL_RANGE_ALIASES.get(name, name))


def colour_of(decoded: av.VideoFrame) -> Colour:
    """The colour a decoded frame says it has, or the one such a frame has by default."""
    untagged = Colour.untagged(decoded.height)
    matrix = MATRIX_OF_TAG.get(decoded.colorspace, untagged.matrix)
    full = decoded.color_range == ColorRange.JPEG or decoded.format.name in FULL_RANGE_ALIASES
    if decoded.color_range == ColorRange.UNSPECIFIED and decoded.format.name.startswith("gray"):
        full = True  # as FFmpeg takes grey; a video's luma alone is not stored as grey
    return Colour(matrix, full)


def view_plane(plane: av.video.plane.VideoPlane, shape: tuple[int, ...], dtype: type[Any]) -> Plane:
    """A plane's samples as an array over the decoder's own memory, padding cut off."""
    memory: Any = plane  # a buffer, which its stub does not say
    itemsize = np.dtype(dtype).itemsize
    rows: Plane = np.frombuffer(memory, dtype).reshape(
        plane.height, abs(plane.line_size) // itemsize
    )
    if plane.line_size < 0:  # stored from the bottom up
        rows = rows[::-1]
    return rows[: shape[0], : int(np.prod(shape[1:]))].reshape(shape)


def picture_of(decoded: av.VideoFrame) -> Picture:
    """The planes of a decoded frame, nothing copied.

    Raises:
        SourceError: the frame's format is not one that travels; convert it first.
    """
    layout = layout_of(decoded.format.name)
    if layout is None:
        raise SourceError(f"pixel format {decoded.format.name} has to be converted at the source")
    shapes = layout.plane_shapes(decoded.height, decoded.width)
    planes = tuple(
        view_plane(plane, shape, layout.dtype)
        for plane, shape in zip(decoded.planes, shapes, strict=False)
    )
    return Picture(planes, layout, colour_of(decoded))


def frame_of(
    decoded: av.VideoFrame,
    index: int,
    pts: int,
    time_base: Fraction,
    arrived_at: float | None = None,
) -> Frame:
    """A decoder's frame as one that travels; it arrived just now if nothing else is known."""
    arrived_at = time.monotonic() if arrived_at is None else arrived_at
    return Frame(index, pts, time_base, picture_of(decoded), arrived_at, decoded)


def decoded_of(frame: Frame) -> av.VideoFrame:
    """A frame as the encoder wants it: the decoder's own, or a new one with copied planes."""
    if frame.decoded is not None:
        return frame.decoded
    picture = frame.picture
    native = av.VideoFrame(picture.width, picture.height, picture.layout.name)
    for plane, source in zip(native.planes, picture.planes, strict=True):
        view_plane(plane, source.shape, picture.layout.dtype)[...] = source
    native.colorspace = TAG_OF_MATRIX[picture.colour.matrix]
    native.color_range = ColorRange.JPEG if picture.colour.full_range else ColorRange.MPEG
    native.pts, native.time_base = frame.pts, frame.time_base
    return native
