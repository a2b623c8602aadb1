"""What a synthetic endoscope sees at one moment: wall, polyps, highlights, and the exact mask."""

import itertools
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stream.source.synthetic.camera import Journey, Lens, Sensor
from stream.source.synthetic.mucosa import WETNESS_MIDDLE, WETNESS_SCALE, Array, make_mucosa
from stream.source.synthetic.polyp import APPEARS, PASSED, Polyp, polyps_ahead, polyps_of_cell
from stream.source.synthetic.polyp_surface import (
    Ellipsoid,
    Surface,
    bounding_box,
    ellipsoids_of,
    gap_to,
)
from stream.source.synthetic.tube import Tube, returned_light
from stream.source.synthetic.wall import Bed, Pose

POLYP_COLOURS = np.array([[0.90, 0.62, 0.52], [0.80, 0.36, 0.31]], np.float32)
"""Pale and red polyps."""

SHADOW = 0.4
"""Share of light that a polyp keeps from the wall where it touches it."""

PITS = 190
"""Samples of the wall's texture across a polyp's radius: its surface is finer than the wall's."""


class Layers(NamedTuple):
    """What is seen, sample by sample; changed in place while polyps are put in.

    Attributes:
        light: (H, W) float32 that comes back.
        facing: (H, W) float32, 0 to 1, how squarely the surface faces the camera.
        distance: (H, W) float32 in tube radii.
        texture: (H, W, 4) uint8, colour and wetness.
        mask: (H, W) bool, it is a polyp.
    """

    light: Array
    facing: Array
    distance: Array
    texture: NDArray[Any]
    mask: NDArray[Any]

    def window(self, place: tuple[slice, slice]) -> "Layers":
        """The same layers in a part of the picture."""
        return Layers(*(layer[place] for layer in self))


class EndoscopeView:
    """The picture of one synthetic endoscope: a function of seed, size and time alone."""

    def __init__(self, seed: int, width: int, height: int) -> None:
        self.seed = seed
        rng = np.random.default_rng([seed, 1])
        self._mucosa = make_mucosa(rng)
        self._grain = np.ascontiguousarray(self._mucosa.texture[..., 3])
        self._journey = Journey(rng, seed)
        self._lens = Lens(rng, width, height)
        self._sensor = Sensor(rng, seed, width, height)
        self._dryness = 1.045 - 0.04 * float(rng.uniform(0, 1))
        self._contrast = float(rng.uniform(0.05, 0.75))
        self._redness = float(rng.uniform(0, 1))

    def render(
        self, seconds: float, with_polyps: bool = True
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """One moment.

        Args:
            seconds: since the scene's start; may be negative.
            with_polyps: False for the same place without them.

        Returns:
            Picture (H, W, 3) uint8 RGB, and where a polyp is seen, (H, W) bool.
        """
        layers = self._look(seconds, with_polyps)
        light, facing = layers.light, layers.facing
        light *= self._lens.vignette
        wetness = layers.texture[..., 3] * np.float32(1 / WETNESS_SCALE)
        wetness -= WETNESS_MIDDLE / WETNESS_SCALE
        glint = np.clip((facing + 0.045 * wetness - self._dryness) * 22, 0, 1)
        return self._sensor.expose(light, glint, layers.texture, seconds), layers.mask

    def places_at(self, seconds: float, other: float) -> Array:
        """Where what is seen at one moment is in the picture of another.

        Folds that hide it then are not minded, nor that polyps far ahead grow.

        Args:
            seconds: the moment that it is seen.
            other: the moment asked for.

        Returns:
            (H, W, 2) float32, column and row.
        """
        pose, then = self._journey.pose_at(seconds), self._journey.pose_at(other)
        rays = cv2.transform(self._lens.rays, pose.rotation)
        points = rays * self._look(seconds, with_polyps=True).distance[..., None]
        return self._lens.places(then, pose.carried(points, then))

    def _look(self, seconds: float, with_polyps: bool) -> Layers:
        """What the lens sees at one moment."""
        pose = self._journey.pose_at(seconds)
        polyps = polyps_ahead(self.seed, pose.along) if with_polyps else []
        beds = [Bed(p.bearing, p.along - pose.along, 1.3 * p.radius) for p in polyps]
        tube = Tube(self._mucosa.height, pose, beds)
        rays = cv2.transform(self._lens.rays, pose.rotation)
        light, facing, distance, column, row = tube.look(rays)
        texture = cv2.remap(
            self._mucosa.texture, column, row, cv2.INTER_LINEAR, None, cv2.BORDER_WRAP
        )
        layers = Layers(light, facing, distance, texture, np.zeros(light.shape, np.bool_))
        for polyp in polyps:
            self._put(polyp, pose, tube, rays, layers)
        return layers

    def before_first_polyp(self) -> float:
        """The last moment, in seconds, before the first polyp of the scene comes up."""
        onward = 1 if self._journey.speed > 0 else -1
        cells = (polyps_of_cell(self.seed, cell * onward) for cell in itertools.count(1))
        first = min(next(filter(None, cells)), key=lambda polyp: polyp.along * onward)
        distance = APPEARS if onward > 0 else PASSED
        return self._journey.seconds_at(first.along - distance)

    def encounter(self, rng: np.random.Generator) -> float:
        """A moment, in seconds, at which the camera comes by one of the scene's polyps."""
        while True:
            polyps = polyps_of_cell(self.seed, int(rng.integers(0, 40)))
            if polyps:
                polyp = polyps[int(rng.integers(len(polyps)))]
                return self._journey.seconds_at(polyp.along - float(rng.uniform(0.2, 1.6)))

    def _put(self, polyp: Polyp, pose: Pose, tube: Tube, rays: Array, layers: Layers) -> None:
        """Put a polyp in wherever it stands before what is there, and its shadow around it."""
        depth = polyp.along - pose.along
        radius = polyp.radius_at(depth)
        foot = tube.point(polyp.bearing, depth)
        place = self._lens.window(pose, foot, radius * polyp.extent * 1.4)
        if place is None:
            return
        here, aim = layers.window(place), rays[place]
        parts = ellipsoids_of(polyp, foot, radius)
        _cast_shadow(max(parts, key=lambda part: part.reach), aim, here)
        met = Surface.unmet(here.light.shape)
        for part in parts:
            met.add(part, aim)
        seen = bounding_box(met.distance < here.distance)
        if seen is not None:
            self._paint(polyp, met.window(seen), here.window(seen))

    def _paint(self, polyp: Polyp, met: Surface, here: Layers) -> None:
        """Put a polyp's surface in wherever it is nearer than what is there."""
        nearer = met.distance < here.distance
        distance = np.where(nearer, met.distance, 1)
        grain = cv2.remap(
            self._grain,
            met.across * PITS + 400 * polyp.redness,
            met.along * PITS,
            cv2.INTER_LINEAR,
            None,
            cv2.BORDER_WRAP,
        )
        surface = self._palette(polyp)[grain + met.stalk * np.uint16(256)]
        np.copyto(here.light, returned_light(met.facing, distance * distance), where=nearer)
        np.copyto(here.facing, met.facing, where=nearer)
        np.copyto(here.distance, met.distance, where=nearer)
        np.copyto(here.texture.view(np.uint32)[..., 0], surface, where=nearer)
        here.mask[nearer] = True

    def _palette(self, polyp: Polyp) -> NDArray[np.uint32]:
        """(512,) colour and wetness as bytes of a word, by grain: of the head, then the stalk."""
        red = min(max(self._redness + 0.25 * polyp.redness, 0), 1)
        own = (1 - red) * POLYP_COLOURS[0] + red * POLYP_COLOURS[1]
        wall = self._mucosa.colour
        grain = np.arange(256)[None, :, None]
        colours = np.stack([wall + self._contrast * (own - wall), wall])[:, None]
        palette = np.empty((2, 256, 4), np.uint8)
        palette[..., :3] = np.clip(colours * (255 * (0.8 + 0.2 / WETNESS_MIDDLE * grain)), 0, 255)
        palette[..., 3] = grain[..., 0]
        return palette.view(np.uint32).ravel()


def _cast_shadow(part: Ellipsoid, rays: Array, here: Layers) -> None:
    """Darken the wall close to a polyp, which lies in its shadow and catches its dull light."""
    # Soft enough to be found at half the rays.
    halved = np.ascontiguousarray(rays[::2, ::2]), np.ascontiguousarray(here.distance[::2, ::2])
    shade = 1 - SHADOW * np.exp(gap_to(part, *halved) * -5)
    shade = cv2.resize(shade, here.light.shape[::-1], interpolation=cv2.INTER_LINEAR)
    np.multiply(here.light, shade, out=here.light, where=~here.mask)
