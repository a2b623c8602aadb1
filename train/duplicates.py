"""The same picture twice: by content, and by a perceptual hash that survives re-encoding."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

DUPLICATE_BITS = 6
"""Hashes that differ in at most this many of 64 bits are the same picture.

Measured on the 2,449 pictures of PolypGen C1–C5 and Kvasir-SEG: a picture saved again at JPEG
quality 40, at half or twice its size, or 15 % brighter moves by at most 6 bits; no two pictures of
different centres are nearer than 8. (A difference hash put pictures of different centres at 0.)
"""


def perceptual_hash(picture: NDArray[np.uint8]) -> int:
    """Hash a picture by the signs of its lowest 8x8 cosine frequencies against their median.

    Args:
        picture: (H, W, 3) uint8 RGB.

    Returns:
        64 bits, alike for the same picture at another size, brightness or JPEG quality.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    cells = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(cells)[:8, :8].ravel()
    # The first coefficient is the mean brightness and would move the median.
    return int.from_bytes(np.packbits(lowest > np.median(lowest[1:])).tobytes(), "big")


def find_duplicates(
    contents: Sequence[str], hashes: Sequence[int], groups: Sequence[str]
) -> list[tuple[int, int, int | None]]:
    """Find pictures that stand in two groups.

    Args:
        contents: each picture's digest.
        hashes: its perceptual hash.
        groups: its split, or whatever must not share pictures.

    Returns:
        (first, second, distance in bits, or None for the same content) of every such pair, by
        first.
    """
    codes = np.array(hashes, np.uint64)
    names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    numbers = np.array([names[group] for group in groups], np.int64)
    found: list[tuple[int, int, int | None]] = []
    for first in range(len(codes)):
        distances = np.bitwise_count(codes[first + 1 :] ^ codes[first])
        near = (distances <= DUPLICATE_BITS) & (numbers[first + 1 :] != numbers[first])
        for offset in np.flatnonzero(near):
            second = first + 1 + int(offset)
            same = contents[first] == contents[second]
            found.append((first, second, None if same else int(distances[offset])))
    return found
