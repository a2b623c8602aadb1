"""Draws a mask on a frame's planes and leaves every other sample as it came.

A tint in chroma keeps the tissue's luma visible; an outline inside the mask's edge marks where
it ends. In 4:2:0 a chroma sample belongs to the mask if any of its four luma samples does.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Colour, Layout, Picture, Plane, Rect
from stream.frame import Frame, decoded_of, picture_of, view_plane
from stream.prediction import Mask

Style = Literal["both", "outline", "tint"]

MARK_RGB = (40, 255, 190)
"""Far from every colour of mucosa, blood and stool, under white light and narrow band."""

TINT_STRENGTH = 0.35
OUTLINE_STRENGTH = 0.9
LINES_PER_OUTLINE = 400
"""An outline is one sample wide for each of these lines of the frame, and at least two."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """How masks are drawn.

    Attributes:
        style: outline and tint, or one of them.
    """

    style: Style = "both"

    def draw(self, frame: Frame, mask: Mask) -> Frame:
        """The frame with the mask on it: a copy, or the frame itself where there is no mask."""
        if not mask.regions:
            return frame
        drawn = duplicate(frame)
        picture = drawn.picture
        box, inside = _on_chroma_grid(mask, picture)
        outline = _outline(inside, picture.height) if self.style != "tint" else None
        mark = mark_in(picture.layout, picture.colour)
        luma, *chroma = picture.planes
        rows, columns = box.slices()
        if outline is not None:
            _blend(luma[rows, columns], mark[:1], OUTLINE_STRENGTH, outline)
        tinted = inside if self.style != "outline" else None
        _draw_chroma(chroma, picture.layout, box, tinted, outline, mark)
        return drawn


def duplicate(frame: Frame) -> Frame:
    """A frame's copy that may be drawn on until it is handed on, with its times and tags."""
    native = _copied(frame)
    picture = Picture(picture_of(native).planes, frame.picture.layout, frame.picture.colour)
    return Frame(frame.index, frame.pts, frame.time_base, picture, frame.arrived_at, native)


def _copied(frame: Frame) -> av.VideoFrame:
    source = decoded_of(frame)
    if frame.decoded is None:
        return source  # a copy already
    native = av.VideoFrame(source.width, source.height, source.format.name)
    for plane, samples in zip(native.planes, frame.picture.planes, strict=True):
        np.copyto(view_plane(plane, samples.shape, frame.picture.layout.dtype), samples)
    native.pts, native.time_base = frame.pts, frame.time_base
    native.colorspace, native.color_range = source.colorspace, source.color_range
    return native


@lru_cache(maxsize=32)
def mark_in(layout: Layout, colour: Colour) -> tuple[int, int, int]:
    """The mark's colour as samples of a layout (ITU-T H.273, full and limited range)."""
    red, green, blue = (value / 255.0 for value in MARK_RGB)
    kr, kb = colour.matrix.kr_kb
    luma = kr * red + (1.0 - kr - kb) * green + kb * blue
    difference = (blue - luma) / (2.0 * (1.0 - kb)), (red - luma) / (2.0 * (1.0 - kr))
    unit = 1 << (layout.bits - 8)
    scale, chroma_scale, black = (255, 255, 0) if colour.full_range else (219, 224, 16)
    samples = [black + scale * luma, *(128 + chroma_scale * value for value in difference)]
    high = (1 << layout.bits) - 1
    first, second, third = (min(round(value * unit), high) << layout.shift for value in samples)
    return first, second, third


def _on_chroma_grid(mask: Mask, picture: Picture) -> tuple[Rect, NDArray[np.uint8]]:
    """The mask padded to start and end on a chroma sample."""
    across, down = 1 << picture.layout.chroma_shift_x, 1 << picture.layout.chroma_shift_y
    left, top = mask.box.x % across, mask.box.y % down
    right = min(-(mask.box.x + mask.box.width) % across, picture.width)
    bottom = min(-(mask.box.y + mask.box.height) % down, picture.height)
    right = min(right, picture.width - mask.box.x - mask.box.width)
    bottom = min(bottom, picture.height - mask.box.y - mask.box.height)
    if not (left or top or right or bottom):
        return mask.box, mask.inside
    box = Rect(
        mask.box.x - left,
        mask.box.y - top,
        mask.box.width + left + right,
        mask.box.height + top + bottom,
    )
    padded = cv2.copyMakeBorder(
        mask.inside, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(0,)
    )
    return box, np.asarray(padded, np.uint8)


def _outline(inside: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    """The mask's own rim."""
    width = max(2, round(height / LINES_PER_OUTLINE))
    kernel = np.ones((3, 3), np.uint8)
    core = cv2.erode(
        inside, kernel, iterations=width, borderType=cv2.BORDER_CONSTANT, borderValue=(0,)
    )
    return np.asarray(cv2.subtract(inside, core), np.uint8)


def _blend(
    samples: Plane, towards: tuple[int, ...], strength: float, where: NDArray[np.uint8]
) -> None:
    """Move samples towards a value, one for each of their channels, where a mask is set."""
    if samples.dtype == np.uint8:
        moved = cv2.LUT(samples, _table(towards, strength))
    else:
        moved = np.rint(samples + (np.array(towards, np.float32) - samples) * np.float32(strength))
        moved = moved.astype(samples.dtype)
    cv2.copyTo(moved, where, samples)


@lru_cache(maxsize=64)
def _table(towards: tuple[int, ...], strength: float) -> NDArray[np.uint8]:
    levels = np.arange(256, dtype=np.float32)[None, :, None]
    return np.rint(levels + (np.array(towards, np.float32) - levels) * strength).astype(np.uint8)


def _draw_chroma(
    chroma: list[Plane],
    layout: Layout,
    box: Rect,
    tinted: NDArray[np.uint8] | None,
    outline: NDArray[np.uint8] | None,
    mark: tuple[int, int, int],
) -> None:
    if not chroma:
        return
    sx, sy = layout.chroma_shift_x, layout.chroma_shift_y
    rows = slice(box.y >> sy, -(-(box.y + box.height) >> sy))
    columns = slice(box.x >> sx, -(-(box.x + box.width) >> sx))
    colours = (mark[1:],) if layout.interleaved else (mark[1:2], mark[2:])
    layers = ((tinted, TINT_STRENGTH), (outline, OUTLINE_STRENGTH))
    for layer, strength in layers:
        if layer is None:
            continue
        where = _any_of(layer, sx, sy)
        for plane, towards in zip(chroma, colours, strict=True):
            _blend(plane[rows, columns], towards, strength, where)


def _any_of(mask: NDArray[np.uint8], sx: int, sy: int) -> NDArray[np.uint8]:
    """Chroma samples of which any luma sample is set; odd ends belong to the last one."""
    below, right = -mask.shape[0] % (1 << sy), -mask.shape[1] % (1 << sx)
    if below or right:
        padded = cv2.copyMakeBorder(mask, 0, below, 0, right, cv2.BORDER_REPLICATE)
        mask = np.asarray(padded, np.uint8)
    if sy:
        mask = np.asarray(cv2.bitwise_or(mask[::2], mask[1::2]), np.uint8)
    if sx:
        mask = (np.ascontiguousarray(mask).view(np.uint16) != 0).view(np.uint8)
    return mask
