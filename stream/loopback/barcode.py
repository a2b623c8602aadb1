"""A number in a picture's luma, which survives coding: 24 bits and a check, in 32 blocks.

It stands in the lowest rows, apart from where endoscopes' screens have their picture, and where
nothing is written by others.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

BITS, CHECK_BITS = 24, 8
BLOCKS = BITS + CHECK_BITS
SMALLEST_WIDTH = 4 * BLOCKS
"""Four columns a block at least, so that a coder keeps them apart."""

DARK, BRIGHT = 32, 220


def write(luma: NDArray[np.uint8], number: int) -> None:
    """Write a number below 2^24 into the lowest rows of a uint8 plane, in place."""
    bits = [
        (word >> bit) & 1 for bit in range(BLOCKS) for word in (number | _check(number) << BITS,)
    ]
    rows, width = _measures(luma)
    blocks = np.array([BRIGHT if bit else DARK for bit in bits], np.uint8)
    luma[-rows:, : BLOCKS * width] = np.repeat(blocks, width)


def read(luma: NDArray[np.uint8]) -> int | None:
    """The number in a plane; None where there is none or it is damaged."""
    rows, width = _measures(luma)
    quarter = rows // 4
    region = luma[quarter - rows : -quarter, : BLOCKS * width].astype(np.float32)
    means = region.mean(0).reshape(BLOCKS, width)[:, width // 4 : -(-3 * width // 4)].mean(1)
    word = sum(1 << bit for bit, mean in enumerate(means) if mean > (DARK + BRIGHT) / 2)
    number = word & ((1 << BITS) - 1)
    return number if word >> BITS == _check(number) else None


def _check(number: int) -> int:
    return zlib.crc32(number.to_bytes(4, "little")) & 0xFF


def _measures(luma: NDArray[np.uint8]) -> tuple[int, int]:
    """Rows of the code, and columns of a block."""
    if luma.shape[1] < SMALLEST_WIDTH:
        raise ValueError(f"a code needs {SMALLEST_WIDTH} columns")
    return max(8, luma.shape[0] // 32), luma.shape[1] // BLOCKS
