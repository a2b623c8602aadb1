"""The tube's wall from a camera's axis, as tables over depth and angle.

How far the wall stands away is a height field over the angle around the axis and the depth
along it. Along one angle a point is visible where no nearer one stands further in, so what is
seen is a running minimum over depth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from stream.source.synthetic.mucosa import FOLD_ALONG, FOLD_AROUND, LENGTH, TALLEST_FOLD, Array

DEPTH_STEPS = 352
ANGLE_STEPS = 480
WIDEST_ANGLE = 2.2
"""Radians off the axis up to which the wall can be looked at: a little backwards."""

NEAREST, FARTHEST = -1.0, 12.0
"""Depths the table spans, in tube radii; negative lies behind the camera."""

DEPTH_SCALE = 0.35
"""Depth up to which the table's steps are even; from there on they grow with depth."""


def depth_steps() -> Array:
    """(DEPTH_STEPS,) depths of the tables' rows, in tube radii."""
    ends = (math.asinh(NEAREST / DEPTH_SCALE), math.asinh(FARTHEST / DEPTH_SCALE))
    return (DEPTH_SCALE * np.sinh(np.linspace(*ends, DEPTH_STEPS))).astype(np.float32)


DEPTHS = depth_steps()
DEPTH_SPACING = np.gradient(DEPTHS)[:, None].astype(np.float32)
BEARINGS = (np.arange(FOLD_AROUND) * (2 * math.pi / FOLD_AROUND)).astype(np.float32)
FREE_RADIUS = np.interp(DEPTHS, [0.5, 3.0], [0.3, 0.06]).astype(np.float32)[:, None]
"""What folds leave open around the axis: the camera never runs into one."""


BEND_REACH = 7.0
"""Square of the depth at which a bend straightens out, in square tube radii."""

TIGHTEST_BEND = 0.135
"""Largest `Pose.bend`: times `BEND_REACH` it is less than 1, so the axis stays in the tube."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the camera is in the tube and where it looks; lengths in tube radii, radians.

    Attributes:
        along: place along the tube.
        offset: shift of the axis of view from the tube's middle, across and down.
        bend: how the tube turns away ahead: shift of its middle at depth 1, across and down,
            growing with the square of the depth at first.
        tilt: look away from the axis, across and down.
        roll: turn of the picture.
    """

    along: float
    offset: tuple[float, float]
    bend: tuple[float, float]
    tilt: tuple[float, float]
    roll: float

    @property
    def rotation(self) -> Array:
        """(3, 3) matrix from the camera's directions to the tube's."""
        roll, _ = cv2.Rodrigues(np.array([0.0, 0.0, self.roll]))
        aside, _ = cv2.Rodrigues(np.array([-self.tilt[1], self.tilt[0], 0.0]))
        return np.asarray(aside @ roll, np.float32)

    def middle(self, depth: Array) -> tuple[Array, Array]:
        """The tube's middle at some depths, from the axis of view: across and down."""
        turned = depth * depth / (1 + depth * depth / BEND_REACH)
        return self.bend[0] * turned - self.offset[0], self.bend[1] * turned - self.offset[1]

    def carried(self, points: Array, other: "Pose") -> Array:
        """Places as they lie from another pose: (..., 3) from the camera, in the tube's axes."""
        x, y, depth = np.moveaxis(points, -1, 0)
        across, down = self.middle(depth)
        depth = depth + np.float32(self.along - other.along)
        there, below = other.middle(depth)
        moved = np.stack([x - across + there, y - down + below, depth], axis=-1)
        return moved.astype(np.float32)


class Bed(NamedTuple):
    """A place on the wall where folds are smoothed down, so that none sticks through a polyp.

    Attributes:
        bearing: angle around the tube, radians.
        ahead: depth from the camera, in tube radii.
        radius: of the place, in tube radii.
    """

    bearing: float
    ahead: float
    radius: float


def stand_off(folds: Array, pose: Pose, beds: Sequence[Bed]) -> tuple[Array, Array]:
    """The wall from the camera's axis.

    Args:
        folds: (FOLD_ALONG, FOLD_AROUND) float32 height of the folds.
        pose: of the camera.
        beds: where they are smoothed down.

    Returns:
        Two (DEPTH_STEPS, FOLD_AROUND) float32: distance of the wall, and how far its folds
        reach in.
    """
    place = ((pose.along + DEPTHS.astype(np.float64)) % LENGTH) * (FOLD_ALONG / LENGTH)
    row = place.astype(np.int64)
    part = (place - row).astype(np.float32)[:, None]
    height = folds[row % FOLD_ALONG]
    height += part * (folds[(row + 1) % FOLD_ALONG] - height)
    for bed in beds:
        rows = slice(*np.searchsorted(DEPTHS, bed.ahead + np.array([-2, 2]) * bed.radius))
        aside = (BEARINGS - np.float32(bed.bearing) + math.pi) % (2 * math.pi) - math.pi
        away = ((DEPTHS[rows, None] - bed.ahead) ** 2 + aside**2) / bed.radius**2
        height[rows] *= 1 - np.exp(-away * away)
    across, down = (shift.astype(np.float32)[:, None] for shift in pose.middle(DEPTHS))
    cosine, sine = np.cos(BEARINGS), np.sin(BEARINGS)
    aside = across * sine - down * cosine
    middle = across * cosine + down * sine + np.sqrt(np.maximum(1 - aside * aside, 0))
    height *= np.clip((middle - FREE_RADIUS) / (TALLEST_FOLD + 0.03), 0, 1)
    return np.maximum(middle - height, 0.02), height


def visible_rows(wall: Array) -> Array:
    """The row of the depth table that is seen at an angle off the axis.

    Args:
        wall: (DEPTH_STEPS, FOLD_AROUND) float32 distance from the axis.

    Returns:
        (ANGLE_STEPS, FOLD_AROUND + 1) float32; the last column repeats the first.
    """
    off_axis = cv2.phase(np.ascontiguousarray(np.broadcast_to(DEPTHS[:, None], wall.shape)), wall)
    edge = np.minimum.accumulate(off_axis, axis=0)
    step = np.float32(WIDEST_ANGLE / ANGLE_STEPS)
    bins = np.minimum((edge / step).astype(np.int32), ANGLE_STEPS - 1)
    bins *= FOLD_AROUND
    bins += np.arange(FOLD_AROUND, dtype=np.int32)
    counted = np.bincount(bins.ravel(), minlength=ANGLE_STEPS * FOLD_AROUND).astype(np.int32)
    # How many rows, from the camera on, lie at a wider angle: the edge never widens again.
    count = np.cumsum(counted.reshape(ANGLE_STEPS, FOLD_AROUND)[::-1], axis=0, dtype=np.int32)[::-1]
    behind = np.clip(count, 1, DEPTH_STEPS - 1)
    place = behind * FOLD_AROUND + np.arange(FOLD_AROUND, dtype=np.int32)
    after, before = edge.ravel()[place], edge.ravel()[place - FOLD_AROUND]
    wanted = (np.arange(ANGLE_STEPS, dtype=np.float32) * step)[:, None]
    part = np.clip((before - wanted) / np.maximum(before - after, 1e-6), 0, 1)
    rows = np.empty((ANGLE_STEPS, FOLD_AROUND + 1), np.float32)
    rows[:, :-1] = behind - 1 + part
    rows[:, -1] = rows[:, 0]
    return rows
