"""The colon wall of a synthetic scene, unrolled: folds, colour, vessels and wetness as textures.

Rows run along the tube, columns around it; every texture is periodic both ways, so a scene
of any length needs one set of them.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Samples of float32, as everywhere in the scene; OpenCV's results are typed no closer."""

LENGTH = 4 * np.pi
"""Length of the wall after which it repeats, in tube radii."""

AROUND = 768
ALONG = 1536
"""Samples of the colour texture around and along: 122 a tube radius both ways."""

FOLD_AROUND = 360
FOLD_ALONG = 1024
"""Samples of the coarser height field of the folds."""

TALLEST_FOLD = 0.72
"""How far a fold reaches into the tube at most, in tube radii."""

WALL_COLOURS = np.array(
    [[0.80, 0.49, 0.38], [0.86, 0.60, 0.50], [0.82, 0.55, 0.31], [0.74, 0.35, 0.27]], np.float32
)
"""Linear-light colours of pink, pale, yellowish and red mucosa; a wall is a mix of them."""

GREENEST = 0.68
"""Most green beside red that a wall has; more would be bile."""

WETNESS_MIDDLE, WETNESS_SCALE = 128, 32
"""How wetness lies in 8 bits: its mean and standard deviation."""

STOOL_COLOUR = np.array([0.85, 0.62, 0.22], np.float32)


@dataclass(frozen=True, slots=True)
class Mucosa:
    """A wall's textures.

    Attributes:
        colour: (3,) float32 mean RGB, 0 to 1.
        texture: (ALONG, AROUND, 4) uint8: RGB under white light, then wetness, where small
            highlights gather, as `WETNESS_MIDDLE` says.
        height: (FOLD_ALONG, FOLD_AROUND) float32, how far folds reach in, in tube radii.
    """

    colour: Array
    texture: NDArray[np.uint8]
    height: Array


def smooth_noise(rng: np.random.Generator, cells: tuple[int, int], shape: tuple[int, int]) -> Array:
    """Periodic noise of about unit variance: random cells interpolated to `shape`.

    Args:
        rng: where the randomness comes from.
        cells: rows and columns of random values; every one divides its side of `shape`.
        shape: rows and columns of the result.
    """
    grid = cv2.copyMakeBorder(
        rng.standard_normal(cells, dtype=np.float32), 3, 3, 3, 3, cv2.BORDER_WRAP
    )
    rows, columns = shape[0] // cells[0], shape[1] // cells[1]
    while rows > 8 and columns > 8 and rows % 2 == columns % 2 == 0:
        # Doubling smooth values costs a fraction of one cubic step over the whole picture.
        rows, columns = rows // 2, columns // 2
    size = (grid.shape[1] * columns, grid.shape[0] * rows)
    noise = cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
    while noise.shape[0] // grid.shape[0] * cells[0] < shape[0]:
        noise = cv2.resize(noise, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    top, left = (3 * side // cell for side, cell in zip(shape, cells, strict=True))
    noise = noise[top : top + shape[0], left : left + shape[1]]
    return np.asarray(noise / 0.75, np.float32)


def make_folds(rng: np.random.Generator) -> Array:
    """Haustral folds: rings of uneven depth, three-cornered where the taeniae pull."""
    shape = (FOLD_ALONG, FOLD_AROUND)
    along = (np.arange(FOLD_ALONG, dtype=np.float32) * np.float32(LENGTH / FOLD_ALONG))[:, None]
    around = (np.arange(FOLD_AROUND, dtype=np.float32) * np.float32(2 * np.pi / FOLD_AROUND))[None]
    height = 0.05 * smooth_noise(rng, (16, 10), shape) + 0.012 * smooth_noise(rng, (64, 36), shape)
    count = int(rng.integers(9, 20))
    depth = float(rng.uniform(0.2, 0.6))
    corners = 0.7 + 0.4 * np.cos(3 * (around - np.float32(rng.uniform(0, 2 * np.pi))))
    places = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * LENGTH / count
    for place in places:
        reach = depth * float(rng.uniform(0.4, 1.1))
        wander = 0.12 * smooth_noise(rng, (1, 6), (1, FOLD_AROUND))
        strength = np.clip(0.62 + 0.4 * smooth_noise(rng, (1, 5), (1, FOLD_AROUND)), 0.05, 1.3)
        away = (along - np.float32(place) - wander + LENGTH / 2) % LENGTH - LENGTH / 2
        width = float(rng.uniform(0.09, 0.17))
        height += reach * strength * corners * np.exp(-((np.abs(away) / width) ** 1.8))
    return np.minimum(height, TALLEST_FOLD).astype(np.float32)


def make_vessels(rng: np.random.Generator) -> Array:
    """A net of thin branching lines, 0 to 1: the zero crossings of warped noise."""
    shape = (ALONG, AROUND)
    vessels = np.zeros(shape, np.float32)
    for cells, width in (((24, 12), 0.09), ((48, 24), 0.11), ((96, 48), 0.13)):
        finer = (cells[0] * 4, cells[1] * 4)
        lines = smooth_noise(rng, cells, shape) + 0.35 * smooth_noise(rng, finer, shape)
        here = np.clip(0.45 + 0.6 * smooth_noise(rng, (16, 8), shape), 0, 1)
        line = np.maximum(1 - (lines * np.float32(0.6 / width)) ** 2, 0)
        vessels = np.maximum(vessels, line * here)
    return np.asarray(cv2.blur(vessels, (3, 3)), np.float32)


def make_mucosa(rng: np.random.Generator) -> Mucosa:
    """A wall of its own: every random choice comes from `rng`."""
    shape = (ALONG, AROUND)
    colour = rng.dirichlet([0.8] * len(WALL_COLOURS)).astype(np.float32) @ WALL_COLOURS
    colour = np.clip(colour * rng.uniform(0.92, 1.08, 3), 0.15, 0.95).astype(np.float32)
    colour[1] = min(colour[1], GREENEST * colour[0])
    mottle = 0.6 * smooth_noise(rng, (16, 8), shape) + 0.4 * smooth_noise(rng, (64, 32), shape)
    warmth = smooth_noise(rng, (12, 6), shape)
    fine = smooth_noise(rng, (512, 256), shape)
    vessels = make_vessels(rng) * float(rng.uniform(0.0, 0.38))
    swing = float(rng.uniform(0.03, 0.10))
    texture = np.empty((*shape, 4), np.float32)
    albedo = texture[..., :3]
    # Blood takes green and blue away first: what varies is how much of it lies near the surface.
    for channel, (mottling, warming, vessel) in enumerate(
        ((0.36, 0.01, 0.45), (1.44, -0.02, 1.0), (1.44, -0.05, 0.85))
    ):
        tone = 1 + (swing * mottling) * mottle + warming * warmth + 0.02 * fine
        albedo[..., channel] = colour[channel] * tone * (1 - vessel * vessels)
    if rng.random() < 0.3:
        stool = smooth_noise(rng, (48, 24), shape) + 0.5 * smooth_noise(rng, (192, 96), shape)
        cover = np.clip((stool - float(rng.uniform(1.9, 2.8))) * 3, 0, 0.8)[..., None]
        albedo += cover * (STOOL_COLOUR - albedo)
    wetness = 0.6 * smooth_noise(rng, (128, 64), shape) + 0.5 * smooth_noise(rng, (384, 192), shape)
    texture[..., 3] = WETNESS_MIDDLE + WETNESS_SCALE * wetness
    albedo *= 255
    return Mucosa(colour, np.clip(texture, 0, 255).astype(np.uint8), make_folds(rng))
