"""A picture and its mask as they come off the disk: one way to read them, everywhere in `train`."""

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from train.errors import ManifestError

MASK_THRESHOLD = 127
"""A many-valued mask (one that went through JPEG) is polyp above this level."""

JPEG_START, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
JPEG_SUFFIXES = frozenset({".jpg", ".jpeg"})


def decode(path: Path, flags: int) -> NDArray[Any]:
    """Decode one picture file.

    Args:
        path: the file.
        flags: OpenCV's reading mode; orientation tags are ignored, as masks have none.

    Returns:
        What OpenCV makes of it, (H, W) or (H, W, 3).

    Raises:
        ManifestError: the file is missing, broken off, or no picture OpenCV can decode.
    """
    try:
        encoded = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror or error}") from error
    # OpenCV 4 fills a JPEG that breaks off with grey and says nothing.
    cut = encoded.startswith(JPEG_START) and encoded.rfind(JPEG_END) < encoded.rfind(JPEG_SCAN)
    try:
        samples = np.frombuffer(encoded, np.uint8)
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
        picture = cv2.imdecode(samples, flags) if encoded and not cut else None
    except cv2.error:
        picture = None
    if picture is None:
        what = "breaks off" if cut else "is no picture that can be decoded"
        raise ManifestError(f"{path}: {what}: export it again or take it out")
    return np.asarray(picture)


def content_of(path: Path) -> str:
    """What tells one file from another: its SHA-256, 64 hexadecimal digits.

    Raises:
        ManifestError: the file cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W, 3) uint8 RGB.

    Raises:
        ManifestError: the file is missing or cannot be decoded.
    """
    return np.asarray(cv2.cvtColor(decode(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def read_mask(path: Path | None, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read the mask that belongs to a picture.

    Two levels of which one is 0 mean themselves, whatever the other is (1, 255, a palette's
    colour); more levels come from JPEG or from smoothed edges and are cut at `MASK_THRESHOLD`.
    A mask that would come out all background or all polyp though it has several levels is refused.

    Args:
        path: the mask's file, or None for a frame known to show no polyp.
        size: (height, width) of the picture.

    Returns:
        (H, W) bool, True on the polyp.

    Raises:
        ManifestError: the file is missing, cannot be decoded, has another size than its picture,
            or holds levels that are no mask.
    """
    if path is None:
        return np.zeros(size, np.bool_)
    levels = decode(path, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)
    if levels.shape != size:
        raise ManifestError(
            f"{path}: mask is {levels.shape[1]}x{levels.shape[0]} but its image is "
            f"{size[1]}x{size[0]}: export the mask again at the image's size"
        )
    return binarise(levels, path)


def binarise(levels: NDArray[Any], path: Path) -> NDArray[np.bool_]:
    """Turn a mask's grey levels into polyp and background.

    Args:
        levels: (H, W) uint8 or uint16.
        path: the file they came from: its suffix says whether it is JPEG.

    Returns:
        (H, W) bool.

    Raises:
        ManifestError: the levels are those of no mask.
    """
    known = np.iinfo(levels.dtype).max + 1
    present = np.flatnonzero(cv2.calcHist([levels], [0], None, [known], [0, known]))
    darkest, brightest = int(present[0]), int(present[-1])
    if present.size <= 2 and darkest == 0 and path.suffix.lower() not in JPEG_SUFFIXES:
        return levels > 0
    if brightest == 0:
        return np.zeros(levels.shape, np.bool_)
    step = 256 if brightest > 255 else 1  # 16 bits
    if brightest // step <= MASK_THRESHOLD or MASK_THRESHOLD < darkest // step < brightest // step:
        raise ManifestError(
            f"{path}: {present.size} levels from {darkest} to {brightest} are not a mask's: "
            "export it with 0 for background and 255 for polyp"
        )
    return levels // step > MASK_THRESHOLD
