"""A picture and its mask as they come off the disk: one way to read them, everywhere in `train`."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from train.errors import ManifestError

MASK_THRESHOLD = 127
"""A many-valued mask (one that went through JPEG) is polyp above this level."""

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg"})

FAINT = 48
"""JPEG leaves a black mask below this level; a mask whose brightest sample lies between it and
the threshold was drawn too dark to be read as intended."""


def decode(path: Path, flags: int) -> NDArray[np.uint8]:
    """Decode one picture file.

    Args:
        path: the file.
        flags: OpenCV's reading mode.

    Returns:
        What OpenCV makes of it, (H, W) or (H, W, 3) uint8.

    Raises:
        ManifestError: the file is missing or is no picture OpenCV can decode.
    """
    try:
        encoded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        picture = cv2.imdecode(encoded, flags) if encoded.size else None
    except cv2.error:
        picture = None
    if picture is None:
        raise ManifestError(f"{path}: is not a picture that can be decoded; export it again")
    return np.asarray(picture, np.uint8)


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W, 3) uint8 RGB, orientation tags ignored as masks have none.

    Raises:
        ManifestError: the file is missing or cannot be decoded.
    """
    bgr = decode(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return np.ascontiguousarray(bgr[..., ::-1])


def read_mask(path: Path | None, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read the mask that belongs to a picture.

    Two levels of which one is 0 mean themselves, whatever the other is (1, 255, a palette's
    colour); more levels come from JPEG or from smoothed edges and are cut at `MASK_THRESHOLD`.

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
    levels = decode(path, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if levels.shape != size:
        raise ManifestError(
            f"{path}: mask is {levels.shape[1]}x{levels.shape[0]} but its image is "
            f"{size[1]}x{size[0]}: export the mask again at the image's size"
        )
    return binarise(levels, path)


def binarise(levels: NDArray[np.uint8], path: Path) -> NDArray[np.bool_]:
    """Turn a mask's grey levels into polyp and background.

    Args:
        levels: (H, W) uint8.
        path: the file they came from: its suffix says whether it is JPEG.

    Returns:
        (H, W) bool.

    Raises:
        ManifestError: the levels are those of no mask.
    """
    present = np.flatnonzero(np.bincount(levels.ravel(), minlength=256))
    lossless = path.suffix.lower() not in JPEG_SUFFIXES
    if lossless and present.size <= 2 and present[0] == 0:
        return levels > 0
    brightest = int(present[-1])
    faint = brightest <= MASK_THRESHOLD and (lossless or brightest > FAINT)
    if faint or (present[0] > MASK_THRESHOLD and present.size > 1 and lossless):
        shown = ", ".join(map(str, present[:4])) + (", …" if present.size > 4 else "")
        raise ManifestError(
            f"{path}: levels {shown} up to {brightest} are not a mask's; "
            "export it with 0 for background and 255 for polyp"
        )
    return levels > MASK_THRESHOLD
