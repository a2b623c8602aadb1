"""Where rays from the camera meet a polyp: its ellipsoids, exact at any resolution."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from stream.source.synthetic.mucosa import Array
from stream.source.synthetic.polyp import Polyp, Shape

CLEARANCE = 0.25
"""What a polyp leaves free around the camera's axis, in tube radii."""

STRIDE = 4
"""Every how many-th ray is tried first. At the distance where polyps come up they are more
samples wide than this on any sensor from 300 samples across."""


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """A part of a polyp as it lies before the camera, in the tube's axes and radii.

    Attributes:
        centre: (3,) float32 from the camera.
        half_axes: (3,) float32.
        axes: (3, 3) float32, a unit axis a row.
        unevenness: share of its radius by which its outline swells and shrinks.
        turn: where the outline's waves start, radians.
        is_stalk: it is what the polyp hangs on.
    """

    centre: Array
    half_axes: Array
    axes: Array
    unevenness: float
    turn: float
    is_stalk: bool

    @property
    def to_unit(self) -> Array:
        """(3, 3) matrix that takes directions to where it is the unit sphere."""
        return np.asarray(self.axes / self.half_axes[:, None], np.float32)

    @property
    def reach(self) -> float:
        """Radius of a ball around its centre that holds it."""
        return float(self.half_axes.max()) * (1 + 1.6 * self.unevenness)


def ellipsoids_of(polyp: Polyp, foot: Array, radius: float) -> list[Ellipsoid]:
    """A polyp's parts on the wall.

    Args:
        polyp: whose they are.
        foot: (3,) float32 of the wall under it, from the camera.
        radius: the polyp's size now, in tube radii.

    Returns:
        Its parts; a polyp that would reach the camera's axis is pressed down.
    """
    cosine, sine = math.cos(polyp.bearing), math.sin(polyp.bearing)
    axes = np.array([[-sine, cosine, 0], [0, 0, 1], [-cosine, -sine, 0]], np.float32)
    room = max(math.hypot(float(foot[0]), float(foot[1])) - CLEARANCE, 0.05)
    scale = np.array([1, 1, min(1.0, room / (radius * polyp.height))], np.float32) * radius
    return [
        Ellipsoid(
            foot + (np.array(part.centre, np.float32) * scale) @ axes,
            np.array(part.radii, np.float32) * scale,
            axes,
            *polyp.outline,
            polyp.shape is Shape.PEDUNCULATED and number == 0,
        )
        for number, part in enumerate(polyp.parts)
    ]


class Surface(NamedTuple):
    """What rays meet of a polyp; every array is (H, W).

    Attributes:
        distance: float32 along the ray, infinite where it misses.
        facing: float32 cosine between surface and ray, 0 to 1.
        across: float32 place on the surface going around the tube, about -1.5 to 1.5.
        along: float32, the same going along the tube.
        stalk: bool, the stalk is what is met.
    """

    distance: Array
    facing: Array
    across: Array
    along: Array
    stalk: NDArray[np.bool_]

    @classmethod
    def unmet(cls, shape: tuple[int, ...]) -> Self:
        """A surface that no ray meets yet."""
        far = np.full(shape, np.inf, np.float32)
        facing, across, along = np.zeros((3, *shape), np.float32)
        return cls(far, facing, across, along, np.zeros(shape, np.bool_))

    def window(self, place: tuple[slice, slice]) -> "Surface":
        """The same in a part of the picture."""
        return Surface(*(layer[place] for layer in self))

    def add(self, part: Ellipsoid, rays: Array) -> None:
        """Take in a part wherever it is nearer than what is there.

        Args:
            part: of the polyp.
            rays: (H, W, 3) float32 unit directions.
        """
        # A look at every fourth ray finds where the others are worth it.
        coarse = np.ascontiguousarray(rays[::STRIDE, ::STRIDE])
        place = bounding_box(_aim(part, coarse).inside > 0, STRIDE)
        if place is not None:
            self.window(place)._add_here(part, rays[place])

    def _add_here(self, part: Ellipsoid, rays: Array) -> None:
        """Take in a part that most of the rays meet."""
        origin, into, length, half, inside = _aim(part, rays)
        root = np.sqrt(np.maximum(inside, 0))
        distance = -(half + root) / length
        take = (inside > 0) & (distance > 0) & (distance < self.distance)
        x, y, z = (o + i * distance for o, i in zip(origin, cv2.split(into), strict=True))
        a, b, c = part.half_axes
        normal = np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2 + np.float32(1e-6))
        np.copyto(self.distance, distance, where=take)
        np.copyto(self.facing, np.minimum(root / normal, 1), where=take)
        np.copyto(self.across, x + 0.5 * z, where=take)
        np.copyto(self.along, y + 0.5 * z, where=take)
        np.copyto(self.stalk, part.is_stalk, where=take)


def gap_to(part: Ellipsoid, rays: Array, distance: Array) -> Array:
    """How far points on rays lie from a part, in its own radii; 0 inside of it.

    Args:
        part: of a polyp.
        rays: (H, W, 3) float32 unit directions.
        distance: (H, W) float32 of the points.
    """
    origin = -part.to_unit @ part.centre
    x, y, z = (
        o + i * distance
        for o, i in zip(origin, cv2.split(cv2.transform(rays, part.to_unit)), strict=True)
    )
    return np.asarray(np.maximum(np.sqrt(x * x + y * y + z * z) - 1, 0), np.float32)


def bounding_box(where: NDArray[np.bool_], stride: int = 1) -> tuple[slice, slice] | None:
    """Rows and columns that hold all of a mask, or None for an empty one.

    Args:
        where: (h, w) of every `stride`-th row and column of something.
        stride: then the box is of that something, wide enough for what lies between.
    """
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not rows.size:
        return None
    top, bottom, left, right = (int(i) for i in (rows[0], rows[-1], columns[0], columns[-1]))
    margin = stride + 1 if stride > 1 else 0
    return (
        slice(max(top * stride - margin, 0), bottom * stride + margin + 1),
        slice(max(left * stride - margin, 0), right * stride + margin + 1),
    )


class _Aim(NamedTuple):
    """Rays where a part is the unit sphere, and the quadratic that finds where they meet it."""

    origin: Array
    into: Array
    length: Array
    half: Array
    inside: Array


def _aim(part: Ellipsoid, rays: Array) -> _Aim:
    """Rays against a part; `inside` is above 0 where they meet it."""
    origin = -part.to_unit @ part.centre
    into = cv2.transform(rays, part.to_unit)
    x, y, z = cv2.split(into)
    length = x * x + y * y + z * z
    half = x * origin[0] + y * origin[1] + z * origin[2]
    inside = half * half - length * (origin @ origin - _square_radius(part, into, origin))
    return _Aim(origin, into, length, half, inside)


def _square_radius(part: Ellipsoid, into: Array, origin: Array) -> Array:
    """Square of the unit sphere's radius as rays find it: uneven around the line of sight."""
    toward = origin / max(float(np.linalg.norm(origin)), 1e-6)
    across = np.array([math.cos(part.turn), math.sin(part.turn), 0], np.float32)
    across -= float(across @ toward) * toward
    across /= max(float(np.linalg.norm(across)), 1e-3)
    sideways = np.stack([across, np.cross(toward, across)]).astype(np.float32)
    x, y = cv2.split(cv2.transform(into, sideways))
    cosine = x / np.sqrt(x * x + y * y + np.float32(1e-9))
    square = cosine * cosine
    # Three and five waves around it, as Chebyshev polynomials: no angle has to be found.
    waves = cosine * ((4 * square - 3) + 0.6 * ((16 * square - 20) * square + 5))
    radius = 1 + part.unevenness * waves
    return np.asarray(radius * radius, np.float32)
