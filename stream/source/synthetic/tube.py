"""What a camera in the tube sees of its wall: light, distance and place on the texture."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from stream.source.synthetic.mucosa import ALONG, AROUND, FOLD_AROUND, LENGTH, Array
from stream.source.synthetic.wall import (
    ANGLE_STEPS,
    DEPTH_SPACING,
    DEPTH_STEPS,
    DEPTHS,
    NEAREST,
    WIDEST_ANGLE,
    Bed,
    Pose,
    stand_off,
    visible_rows,
)


class Tube:
    """The wall as seen from one pose."""

    def __init__(self, folds: Array, pose: Pose, beds: Sequence[Bed] = ()) -> None:
        self._pose = pose
        self._wall, self._height = stand_off(folds, pose, beds)
        self._lookup = visible_rows(self._wall)
        self._table = self._light_table()

    def point(self, bearing: float, depth: float) -> Array:
        """(3,) place of the wall at an angle and depth, from the camera, in the tube's axes."""
        row = float(np.interp(depth, DEPTHS, np.arange(DEPTH_STEPS)))
        column = bearing % (2 * math.pi) * FOLD_AROUND / (2 * math.pi)
        upper, left = min(int(row), DEPTH_STEPS - 2), int(column)
        down, across = row - upper, column - left
        columns = [left % FOLD_AROUND, (left + 1) % FOLD_AROUND]
        corner = self._wall[upper : upper + 2][:, columns]
        away = float(np.array([1 - down, down]) @ corner @ np.array([1 - across, across]))
        return np.array([away * math.cos(bearing), away * math.sin(bearing), depth], np.float32)

    def look(self, rays: Array) -> tuple[Array, Array, Array, Array, Array]:
        """What rays meet.

        Args:
            rays: (H, W, 3) float32 unit directions in the tube's axes.

        Returns:
            Five (H, W) float32: light that comes back, how squarely the wall faces the camera
            (0 to 1), distance, and column and row of the wall's texture.
        """
        x, y, z = cv2.split(rays)
        aside, bearing = cv2.cartToPolar(x, y)
        off_axis = cv2.phase(z, aside)
        column = bearing * np.float32(FOLD_AROUND / (2 * math.pi))
        angle_row = off_axis * np.float32(ANGLE_STEPS / WIDEST_ANGLE)
        row = cv2.remap(
            self._lookup, column, angle_row, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        )
        seen = cv2.remap(self._table, column, row, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        light, facing, distance, texture_row = cv2.split(seen)
        texture_column = bearing * np.float32(AROUND / (2 * math.pi))
        return light, facing, distance, texture_column, texture_row

    def _light_table(self) -> Array:
        """(DEPTH_STEPS, FOLD_AROUND + 1, 4): light, facing, distance, texture row."""
        wall, depth = self._wall, DEPTHS[:, None]
        slope = np.empty_like(wall)
        slope[1:-1] = wall[2:] - wall[:-2]
        slope[0], slope[-1] = slope[1], slope[-2]
        slope *= 0.5 / DEPTH_SPACING
        ahead = np.concatenate([wall[:, 1:], wall[:, :1]], axis=1)
        behind = np.concatenate([wall[:, -1:], wall[:, :-1]], axis=1)
        turn = (ahead - behind) * np.float32(FOLD_AROUND / (4 * math.pi)) / np.maximum(wall, 0.15)
        square = wall * wall + depth * depth
        steep = 1 + turn * turn
        facing = (wall - depth * slope) / np.sqrt(square * (steep + slope * slope))
        facing = np.clip(facing, 0, 1)
        # One lamp sits beside the lens: folds across it are a little brighter on one side.
        side = 1 + 0.18 * np.clip(turn, -2, 2) / np.sqrt(steep)
        table = np.empty((DEPTH_STEPS, FOLD_AROUND + 1, 4), np.float32)
        inner = table[:, :-1]
        inner[..., 0] = returned_light(facing, square) * side
        inner[..., 1] = facing
        inner[..., 2] = np.sqrt(square)
        first = math.floor((self._pose.along + NEAREST) / LENGTH) * LENGTH
        # Measured along the fold's flank too, or textures would smear where it faces the camera.
        along = depth + self._height
        inner[..., 3] = (along + np.float32(self._pose.along - first)) * (ALONG / LENGTH)
        table[:, -1] = table[:, 0]
        return table


def returned_light(facing: Array, square: Array) -> Array:
    """Light that a lamp at the camera gets back from a surface: soft Lambert, tamed falloff.

    Args:
        facing: cosine between the surface and the camera, 0 to 1.
        square: distance squared, in tube radii.
    """
    return np.asarray((0.4 + 0.6 * facing) * cv2.pow(square + 0.35, -0.85), np.float32)
