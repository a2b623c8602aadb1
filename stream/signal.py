"""What a picture says of the signal behind it: a procedure, or a processor with nothing to show.

Judged on a sparse pick of samples, so that it costs next to nothing a frame.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nets.picture import Picture, Plane

ROWS, COLUMNS = 54, 96
"""Samples that are looked at, at most; of 1080p every twentieth along either side."""

NEUTRAL = 128
"""Chroma without colour."""

ALIKE = 3
"""Levels within which samples of one colour lie, as coding leaves them."""

WHOLE = 0.995
"""Share of samples of one colour from where a picture has one colour. Even a lens on the wall,
or one whose light is off, shows more than noise of `ALIKE` levels."""

CARD = 0.85
"""The same for a colour that no tissue has, on which a processor may write NO SIGNAL."""

COLOURED = 24
"""Levels off neutral from where a colour is one."""

DARKEST = 48
"""Luma, full or limited range, below which one colour without chroma is called black."""


class Signal(StrEnum):
    """What one picture looks like; the words are for people."""

    PICTURE = "a picture"
    BLACK = "black"
    ONE_COLOUR = "one colour"
    BARS = "colour bars"
    NO_INPUT = "no input, by the driver's word"
    SAME = "the same picture again and again"

    @property
    def is_missing(self) -> bool:
        """Whether nothing is connected, or what is connected is switched off."""
        return self not in (Signal.PICTURE, Signal.SAME)


Samples = NDArray[np.int16]
"""(rows, columns, 3): Y, Cb, Cr at 8 bits; no chroma is `NEUTRAL`."""


def sparse_samples(picture: Picture) -> Samples:
    """Samples of a picture on a regular grid, each as it is: nothing is averaged.

    Returns:
        At most `ROWS` x `COLUMNS` of them.
    """
    layout = picture.layout
    down, across = max(1, picture.height // ROWS), max(1, picture.width // COLUMNS)
    rows = np.arange(down // 2, picture.height, down)
    columns = np.arange(across // 2, picture.width, across)
    picked = np.full((len(rows), len(columns), 3), NEUTRAL, np.int16)
    picked[..., 0] = _eight_bits(picture.planes[0][np.ix_(rows, columns)], picture)
    if not layout.grey:
        grid = np.ix_(rows >> layout.chroma_shift_y, columns >> layout.chroma_shift_x)
        chroma = [plane[grid] for plane in picture.planes[1:]]
        if layout.interleaved:
            chroma = [chroma[0][..., 0], chroma[0][..., 1]]
        picked[..., 1], picked[..., 2] = (_eight_bits(plane, picture) for plane in chroma)
    return picked


def _eight_bits(samples: Plane, picture: Picture) -> Plane:
    return samples >> (picture.layout.shift + picture.layout.bits - 8)


def signal_of(samples: Samples) -> Signal:
    """What a picture by itself looks like: a picture, black, one colour or colour bars."""
    middle = np.median(samples, axis=(0, 1))
    share = float((np.abs(samples - middle) <= ALIKE).all(axis=-1).mean())
    coloured = bool((np.abs(middle[1:] - NEUTRAL) >= COLOURED).any())
    if share >= WHOLE:
        return Signal.ONE_COLOUR if coloured or middle[0] > DARKEST else Signal.BLACK
    if coloured and middle[1] > NEUTRAL and share >= CARD:
        return Signal.ONE_COLOUR
    return Signal.BARS if has_bars(samples) else Signal.PICTURE


BAND = slice(0.08, 0.55)
"""Rows, as shares of the height, in which all of the usual patterns show upright bars."""

UNBROKEN = 0.6
"""Share of a column's samples in the band that have its colour; a label hides the others."""

STEADY = 0.8
"""Share of columns that are so; the others lie on an edge or under a label."""

HUES = ((-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1), (1, 0))
"""Yellow, cyan, green, magenta, red, blue: on which side of neutral their Cb and Cr lie; 0 is
either. The order of SMPTE and EBU bars alike (SMPTE EG 1, EBU Tech 3325)."""


def has_bars(samples: Samples) -> bool:
    """Whether a picture shows colour bars, with a label on them or without."""
    height = len(samples)
    band = samples[int(BAND.start * height) : int(BAND.stop * height)]
    colours = np.median(band, axis=0)
    unbroken = (np.abs(band - colours) <= 2 * ALIKE).all(axis=-1).mean(axis=0)
    if (unbroken >= UNBROKEN).mean() < STEADY:
        return False
    steps = np.abs(np.diff(colours, axis=0)).max(axis=-1) > 2 * ALIKE
    edges = [0, *(np.flatnonzero(steps) + 1), len(colours)]
    widest = len(colours) / len(HUES)
    bars = [
        np.median(colours[start:stop], axis=0)
        for start, stop in pairwise(edges)
        if widest / 3 <= stop - start <= widest
    ]
    return any(_are_hues(bars[first:]) for first in range(len(bars)))


def _are_hues(bars: list[NDArray[np.float64]]) -> bool:
    """Whether bars begin with the six hues in their order, each darker than the one before."""
    if len(bars) < len(HUES):
        return False
    for bar, hue in zip(bars, HUES, strict=False):
        off = bar[1:] - NEUTRAL
        if np.abs(off).max() < COLOURED or any(
            side and side * value < ALIKE for side, value in zip(hue, off, strict=True)
        ):
            return False
    return all(left[0] > right[0] for left, right in pairwise(bars[: len(HUES)]))


@dataclass(frozen=True, slots=True)
class Sameness:
    """How alike two pictures are that are the same.

    Attributes:
        levels: by which samples may differ.
        share: of the samples that may differ by more: a clock runs on a frozen screen.
    """

    levels: int
    share: float


EXACT = Sameness(0, 0.005)
"""Of pictures that nothing coded but each by itself: a sensor's noise alone moves most samples."""

CODED = Sameness(8, 0.01)
"""Of pictures coded one after another. Measured on 560x480: of a frozen picture coded by x264 (crf
18 and 23, 1 Mbit/s, with moving refresh) at most 0.8 % of the samples ever differ by more than 8
levels from those of a second or three before; of recorded procedures at least 34 % do. A lens that
lies still cannot be told from a frozen picture behind such a coder."""


class SignalWatch:
    """Looks at the pictures of one source, one after another."""

    def __init__(self, sameness: Sameness = EXACT) -> None:
        """Start before the first picture.

        Args:
            sameness: what counts as the same picture.
        """
        self._sameness = sameness
        self._reference: Samples | None = None

    def look(self, picture: Picture) -> Signal:
        """What the next picture looks like.

        It is compared with the first of those that were the same, so that what moves slowly is
        seen to move.
        """
        samples = sparse_samples(picture)
        if self._is_same(samples):
            seen = signal_of(samples)
            return Signal.SAME if seen is Signal.PICTURE else seen
        self._reference = samples
        return signal_of(samples)

    def _is_same(self, samples: Samples) -> bool:
        before = self._reference
        if before is None or before.shape != samples.shape:
            return False
        moved = (np.abs(samples[..., 0] - before[..., 0]) > self._sameness.levels).mean()
        return bool(moved <= self._sameness.share)
