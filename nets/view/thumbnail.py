"""A picture made small for looking at its layout: 8 bits, full range, chroma on luma's grid."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Picture, Plane, Rect

Samples = NDArray[np.uint8]
"""(h, w)."""

LONGEST_SIDE = 240
"""Cells along the longer side, at most."""

NEUTRAL = 128
"""Chroma without colour."""

LIMITED_TO_FULL = np.clip((np.arange(256) - 16.0) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)
"""Luma of the limited range (ITU-R BT.601, BT.709) as 0 black to 255 white."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture in square cells; what is left over at the right and bottom has no cell.

    Attributes:
        luma: the darkest of four samples a cell, 0 black to 255 white. Text on black is dark
            in it, for between its strokes it is black; a picture stays as it is.
        blue: Cb, 128 is neutral; None where there is no colour.
        red: Cr, likewise.
        step: luma samples a cell along either side.
    """

    luma: Samples
    blue: Samples | None
    red: Samples | None
    step: int

    @property
    def whole(self) -> Rect:
        """The rectangle of all cells."""
        return Rect(0, 0, self.luma.shape[1], self.luma.shape[0])

    def crop(self, cells: Rect) -> "Thumbnail":
        """The part inside a rectangle of cells, nothing copied."""
        part = cells.slices()
        blue = None if self.blue is None else self.blue[part]
        red = None if self.red is None else self.red[part]
        return Thumbnail(self.luma[part], blue, red, self.step)


def make_thumbnail(picture: Picture) -> Thumbnail:
    """A picture with its longer side reduced to at most `LONGEST_SIDE` cells."""
    shorter, longer = sorted((picture.width, picture.height))
    step = min(-(-longer // LONGEST_SIDE), shorter)
    width, height = picture.width // step, picture.height // step
    luma = full_range_luma(_darkest(picture, step, width, height), picture)
    chroma = list(picture.planes[1:])
    if picture.layout.interleaved:
        chroma = [chroma[0][..., 0], chroma[0][..., 1]]
    if not chroma:
        return Thumbnail(luma, None, None, step)
    blue, red = (_mean(plane, picture, step, width, height) for plane in chroma)
    return Thumbnail(luma, blue, red, step)


def full_range_luma(luma: Samples, picture: Picture) -> Samples:
    """8-bit luma in a picture's range as 0 black to 255 white."""
    if picture.colour.full_range:
        return luma
    return np.asarray(cv2.LUT(luma, LIMITED_TO_FULL), np.uint8)


def eight_bits(samples: Plane, picture: Picture) -> Samples:
    """Samples cut to their 8 most significant bits, side by side in memory."""
    if samples.dtype == np.uint8:
        return np.ascontiguousarray(samples)
    return (samples >> (picture.layout.shift + picture.layout.bits - 8)).astype(np.uint8)


def _darkest(picture: Picture, step: int, width: int, height: int) -> Samples:
    """The darkest of four luma samples spread over each cell."""
    luma = picture.planes[0][: height * step, : width * step]
    a, b, c, d = (
        eight_bits(luma[y::step, x::step], picture) for y in (0, step // 2) for x in (0, step // 2)
    )
    return np.asarray(cv2.min(cv2.min(a, b), cv2.min(c, d)), np.uint8)


def _mean(chroma: Plane, picture: Picture, step: int, width: int, height: int) -> Samples:
    """The mean of up to four samples of a chroma plane spread over each cell."""
    shift_x, shift_y = picture.layout.chroma_shift_x, picture.layout.chroma_shift_y
    rows = slice(0, -(-(height * step) >> shift_y), max(((step >> shift_y) + 1) // 2, 1))
    columns = slice(0, -(-(width * step) >> shift_x), max(((step >> shift_x) + 1) // 2, 1))
    sparse = eight_bits(chroma[rows, columns], picture)
    return np.asarray(cv2.resize(sparse, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
