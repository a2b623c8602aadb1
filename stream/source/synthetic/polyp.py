"""Polyps of a synthetic scene: where they sit and how they are shaped.

A polyp is a few ellipsoids sunk into the wall: one for a sessile dome, a flat one for a flat
lesion, a stalk and a head for a pedunculated one, smaller ones on it for lobes.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np

CELL = 6.0
"""Length of tube, in its radii, that a group of polyps has to itself."""

APPEARS, GROWN = 3.4, 2.6
"""Depths, in tube radii, at which a polyp ahead comes out of the dark and is at full size."""


PASSED = -0.5
"""Depth at which a polyp left behind is out of sight."""


class Shape(StrEnum):
    """Paris classification, coarsely: Is, Ip and IIa."""

    SESSILE = "sessile"
    PEDUNCULATED = "pedunculated"
    FLAT = "flat"


class Part(NamedTuple):
    """An ellipsoid in the axes of the wall under it: around, along, towards the tube's middle.

    Attributes:
        centre: where it lies, in the polyp's radii.
        radii: its half axes, in the polyp's radii.
    """

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Polyp:
    """A growth on the wall.

    Attributes:
        bearing: angle around the tube, radians.
        along: place along the tube, in its radii.
        radius: size, in tube radii.
        shape: kind of growth.
        parts: its ellipsoids, the stalk of a pedunculated one first.
        outline: size and turn of the unevenness of its outline.
        redness: colour beside the scene's other polyps, -1 pale to 1 red.
    """

    bearing: float
    along: float
    radius: float
    shape: Shape
    parts: tuple[Part, ...]
    outline: tuple[float, float]
    redness: float

    @property
    def height(self) -> float:
        """How far it stands out of the wall, in its radii."""
        return max(part.centre[2] + part.radii[2] for part in self.parts)

    @property
    def extent(self) -> float:
        """Radius of a ball around its foot that holds all of it, in its radii."""
        return max(math.hypot(*part.centre) + max(part.radii) for part in self.parts)

    def radius_at(self, depth: float) -> float:
        """Radius when it lies `depth` ahead; 0 while it is still too far to be there."""
        if depth > APPEARS:
            return 0.0
        return self.radius * min(0.5 + 0.5 * (APPEARS - depth) / (APPEARS - GROWN), 1.0)


def _shape_parts(rng: np.random.Generator, shape: Shape) -> tuple[Part, ...]:
    """The ellipsoids of one polyp."""
    wide, long = rng.uniform(0.8, 1.2, 2)
    if shape is Shape.FLAT:
        return (Part((0, 0, 0.0), (wide, long, float(rng.uniform(0.22, 0.4)))),)
    lift = float(rng.uniform(0.1, 0.5))
    parts = []
    if shape is Shape.PEDUNCULATED:
        lift = float(rng.uniform(0.9, 1.4))
        thick = float(rng.uniform(0.35, 0.55))
        parts.append(Part((0, 0, lift * 0.4), (thick, thick, lift)))
    head = (wide, long, float(rng.uniform(0.75, 1.0)))
    parts.append(Part((0, 0, lift), head))
    for _ in range(int(rng.choice([0, 2, 3, 4], p=[0.55, 0.15, 0.15, 0.15]))):
        turn, size = rng.uniform(0, 2 * math.pi), rng.uniform(0.45, 0.7)
        out = rng.uniform(0.45, 0.7)
        place = (
            out * wide * math.cos(turn),
            out * long * math.sin(turn),
            lift + rng.uniform(0, 0.4),
        )
        parts.append(Part(place, (size, size, size * 0.9)))
    return tuple(parts)


@lru_cache(maxsize=256)
def polyps_of_cell(seed: int, cell: int) -> tuple[Polyp, ...]:
    """Polyps anchored in the `cell`-th stretch of a scene's tube: none, one or two."""
    rng = np.random.default_rng([seed, 2, cell & 0xFFFFFFFF])
    count = int(rng.choice([0, 1, 2], p=[0.12, 0.6, 0.28]))
    bearing = float(rng.uniform(0, 2 * math.pi))
    along = (cell + float(rng.uniform(0.4, 0.6))) * CELL
    polyps = []
    for _ in range(count):
        shape = list(Shape)[int(rng.choice(3, p=[0.55, 0.25, 0.2]))]
        radius = 0.14 + 0.42 * float(rng.beta(1.2, 1.6))
        if shape is Shape.PEDUNCULATED:
            radius *= 0.8
        outline = (float(rng.uniform(0, 0.12)), float(rng.uniform(0, 2 * math.pi)))
        parts = _shape_parts(rng, shape)
        redness = float(rng.uniform(-1, 1))
        polyps.append(Polyp(bearing, along, radius, shape, parts, outline, redness))
        bearing += float(rng.uniform(0.6, 1.3) * rng.choice([-1, 1]))
        along += float(rng.uniform(-0.6, 0.6))
    return tuple(polyps)


def polyps_ahead(seed: int, along: float) -> list[Polyp]:
    """Every polyp that a camera at `along` may see."""
    cells = range(math.floor((along - CELL) / CELL), math.floor((along + APPEARS + 1) / CELL) + 1)
    return [
        polyp
        for cell in cells
        for polyp in polyps_of_cell(seed, cell)
        if -1.0 < polyp.along - along < APPEARS
    ]
