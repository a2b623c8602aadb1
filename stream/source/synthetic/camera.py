"""The endoscope of a synthetic scene: its lens, its way through the tube, and its sensor."""

import math
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from stream.source.synthetic.mucosa import LENGTH, Array
from stream.source.synthetic.polyp import polyps_ahead
from stream.source.synthetic.wall import TIGHTEST_BEND, Pose

GRAIN_SPREAD = 512
"""Range of places in the sensor noise that frames take their grain from."""


class Lens:
    """An equidistant fisheye with a vignette; the longer side of the sensor spans its field."""

    def __init__(self, rng: np.random.Generator, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._half_field = float(rng.uniform(0.72, 1.15))
        self._scale = max(width, height) / 2 / self._half_field
        falloff = float(rng.uniform(0.15, 0.5))
        across = (np.arange(width, dtype=np.float32) - (width - 1) / 2) / self._scale
        down = (np.arange(height, dtype=np.float32) - (height - 1) / 2) / self._scale
        x, y = np.meshgrid(across, down)
        angle = np.hypot(x, y)
        sine = np.sinc(angle / math.pi)
        self.rays: Array = np.dstack([x * sine, y * sine, np.cos(angle)]).astype(np.float32)
        edge = np.minimum(angle / self._half_field, 1.3)
        self.vignette: Array = (1 - falloff * edge**2.5).astype(np.float32)

    def places(self, pose: Pose, points: Array) -> Array:
        """(..., 2) float32 column and row at which points are drawn.

        Args:
            pose: of the camera.
            points: (..., 3) from the camera, in the tube's axes.
        """
        x, y, z = np.moveaxis(points @ pose.rotation, -1, 0)
        aside = np.hypot(x, y)
        stretch = np.arctan2(aside, z) / np.maximum(aside, 1e-6) * self._scale
        column = (self.width - 1) / 2 + x * stretch
        row = (self.height - 1) / 2 + y * stretch
        return np.stack([column, row], axis=-1).astype(np.float32)

    def window(self, pose: Pose, centre: Array, reach: float) -> tuple[slice, slice] | None:
        """Rows and columns of the picture that a ball may touch, or None.

        Args:
            pose: of the camera.
            centre: (3,) of the ball, from the camera, in the tube's axes.
            reach: its radius.
        """
        distance = float(np.linalg.norm(centre))
        if distance <= reach * 1.05:
            return slice(0, self.height), slice(0, self.width)
        x, y, z = (float(c) for c in pose.rotation.T @ (centre / distance))
        angle = math.acos(max(min(z, 1.0), -1.0))
        # A fisheye draws what lies off its axis out sideways; behind it that has no bound.
        stretch = max(angle / max(math.sin(angle), 0.2), 1.0)
        radius = math.asin(reach / distance) * stretch * 1.15 * self._scale + 2
        off = angle / max(math.hypot(x, y), 1e-6) * self._scale
        column, row = (self.width - 1) / 2 + x * off, (self.height - 1) / 2 + y * off
        top, bottom = max(math.floor(row - radius), 0), min(math.ceil(row + radius), self.height)
        left, right = (
            max(math.floor(column - radius), 0),
            min(math.ceil(column + radius), self.width),
        )
        return (slice(top, bottom), slice(left, right)) if top < bottom and left < right else None


class Journey:
    """A camera's way through the tube: it sways, and turns towards a polyp as it comes by."""

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        self._seed = seed
        self.speed = float(rng.uniform(0.5, 0.8) * rng.choice([-1, 1]))
        self._phases = [float(phase) for phase in rng.uniform(0, 2 * math.pi, 9)]
        self._wander = float(rng.uniform(0.10, 0.45))
        self._bend = float(rng.uniform(0.02, TIGHTEST_BEND))

    def pose_at(self, seconds: float) -> Pose:
        """Where the camera is and looks."""
        phase = self._phases

        def sway(rate: float, which: int) -> float:
            return math.sin(rate * seconds + phase[which])

        along = self.speed * seconds + 0.25 * sway(0.9, 0)
        across = self._wander * (sway(0.53, 1) + 0.4 * sway(1.7, 2))
        down = self._wander * (sway(0.47, 3) + 0.4 * sway(1.9, 4))
        for polyp in polyps_ahead(self._seed, along):
            ahead = polyp.along - along
            pull = 0.8 * math.exp(-(((ahead - 0.7) / 1.0) ** 2))
            across += pull * math.cos(polyp.bearing)
            down += pull * math.sin(polyp.bearing)
        turned = math.hypot(across, down)
        across, down = (side * min(1.0, 1.05 / max(turned, 1e-6)) for side in (across, down))
        aim = 2 * math.pi * along / LENGTH + phase[8]
        bend = (self._bend * math.cos(aim), self._bend * math.sin(aim))
        offset = (0.22 * sway(0.31, 5), 0.22 * sway(0.37, 6))
        return Pose(along, offset, bend, (across, down), 0.5 * sway(0.21, 7))

    def seconds_at(self, along: float) -> float:
        """When the camera is about there."""
        return along / self.speed


class Sensor:
    """Exposure, tone curve, softness and noise."""

    def __init__(self, rng: np.random.Generator, seed: int, width: int, height: int) -> None:
        self._seed = seed
        self._size = (height, width)
        self._exposure = float(rng.uniform(0.55, 1.0))
        self._scatter = float(rng.uniform(0.02, 0.07))
        self._tint = rng.uniform(0.94, 1.06, 3)
        self._blur = float(rng.uniform(0.3, 1.1))
        self._grain = float(rng.uniform(1.5, 5.0))

    @cached_property
    def _noise(self) -> NDArray[np.float32]:
        rng = np.random.default_rng([self._seed, 3])
        shape = (GRAIN_SPREAD + self._size[0], GRAIN_SPREAD + self._size[1])
        return rng.standard_normal(shape, dtype=np.float32) * np.float32(self._grain)

    def expose(
        self, light: Array, glint: Array, albedo: NDArray[np.uint8], seconds: float
    ) -> NDArray[np.uint8]:
        """The picture of what the lens lets through.

        Args:
            light: (H, W) float32 light, of any scale; changed.
            glint: (H, W) float32, 0 to 1, how much of the lamp itself is mirrored.
            albedo: (H, W, 3) uint8 RGB.
            seconds: the moment: no two have the same noise.

        Returns:
            (H, W, 3) uint8 RGB.
        """
        light *= self._exposure / max(float(light[::8, ::8].mean()), 1e-3)
        # Light scattered in the lens: the deepest lumen is dark red, never black.
        light += self._scatter
        glint *= np.minimum(light * 1.4, 1)
        dark = cv2.exp(light * -1.7)
        # What is too bright loses its colour: it is gained as white, not as tissue.
        white = np.maximum(light - 1.1, 0) * 0.22
        white += glint * (1 - white)
        gain = (1 - dark) * (1.2 * (1 - white))
        rng = np.random.default_rng([self._seed, 4, round(seconds * 90_000) & 0xFFFFFFFF])
        top, left = rng.integers(0, GRAIN_SPREAD, 2)
        white *= 255
        white += self._noise[top : top + light.shape[0], left : left + light.shape[1]]
        channels = [
            cv2.addWeighted(
                cv2.multiply(plane, gain, scale=float(tint), dtype=cv2.CV_32F),
                1,
                white,
                1,
                0,
                dtype=cv2.CV_8U,
            )
            for plane, tint in zip(cv2.split(albedo)[:3], self._tint, strict=True)
        ]
        return np.asarray(cv2.GaussianBlur(cv2.merge(channels), (5, 5), self._blur), np.uint8)
