"""The endoscope's own picture and its exact mask."""

import cv2
import numpy as np
import pytest

from stream.source.synthetic.camera import Lens
from stream.source.synthetic.mucosa import make_folds, smooth_noise
from stream.source.synthetic.polyp import APPEARS, Shape, polyps_ahead, polyps_of_cell
from stream.source.synthetic.polyp_surface import Surface, bounding_box, ellipsoids_of
from stream.source.synthetic.scene import EndoscopeView
from stream.source.synthetic.tube import Tube
from stream.source.synthetic.wall import FREE_RADIUS, Bed, Pose, stand_off, visible_rows

STRAIGHT = Pose(along=3.0, offset=(0.0, 0.0), bend=(0.0, 0.0), tilt=(0.0, 0.0), roll=0.0)


@pytest.fixture(scope="module")
def endoscope():
    return EndoscopeView(5, 160, 132)


def test_same_seed_and_time_give_the_same_picture(endoscope):
    again = EndoscopeView(5, 160, 132)
    for seconds in (0.0, 4.2, -3.1):
        for one, other in zip(endoscope.render(seconds), again.render(seconds), strict=True):
            np.testing.assert_array_equal(one, other)


def test_another_seed_gives_another_picture(endoscope):
    other = EndoscopeView(6, 160, 132)
    assert np.abs(endoscope.render(1.0)[0].astype(int) - other.render(1.0)[0]).mean() > 5


def test_mask_is_where_the_picture_without_polyps_differs_most(endoscope):
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(6):
        seconds = endoscope.encounter(rng)
        picture, mask = endoscope.render(seconds)
        bare, none = endoscope.render(seconds, with_polyps=False)
        assert not none.any()
        if mask.mean() < 0.01:
            continue
        seen += 1
        change = np.abs(picture.astype(float) - bare).mean(axis=2)
        # Around a polyp only its shadow and the exposure differ, and the folds it sits on.
        assert change[mask].mean() > 1.5 * change[~mask].mean()
    assert seen >= 3


def test_what_is_seen_is_known_in_the_frame_before(endoscope):
    rows, columns = np.mgrid[0:132, 0:160].astype(np.float32)
    np.testing.assert_allclose(
        endoscope.places_at(2.0, 2.0), np.dstack([columns, rows]), rtol=0, atol=0.02
    )
    rng, seen = np.random.default_rng(1), 0
    for _ in range(6):
        now = endoscope.encounter(rng)
        picture, mask = endoscope.render(now)
        earlier, mask_before = endoscope.render(now - 0.08)
        places = endoscope.places_at(now, now - 0.08)
        carried = cv2.remap(earlier, places, None, cv2.INTER_LINEAR).astype(float)
        inside = ((places > 0) & (places < (159, 131))).all(axis=2)
        moved, still = (np.abs(it - picture.astype(float))[inside] for it in (carried, earlier))
        assert moved.mean() < 0.8 * still.mean()
        if mask.mean() > 0.01:
            seen += 1
            came = cv2.remap(mask_before.astype(np.uint8), places, None, cv2.INTER_NEAREST) > 0
            moved, still = ((it ^ mask)[inside].sum() for it in (came, mask_before))
            assert moved < 0.6 * still
    assert seen >= 3


def test_no_mask_without_polyps_ahead(endoscope):
    alongs = np.arange(-60, 60, 0.25)
    empty = [along for along in alongs if not polyps_ahead(endoscope.seed, along)]
    assert 0.1 < len(empty) / len(alongs) < 0.7


def test_scene_starts_before_its_first_polyp():
    for seed in (1, 2):
        endoscope = EndoscopeView(seed, 64, 48)
        start = endoscope.before_first_polyp()
        assert not endoscope.render(start - 0.5)[1].any()
        seen = [endoscope.render(start + step * 0.5)[1].any() for step in range(20)]
        assert any(seen)


def test_picture_has_dark_lumen_bright_wall_and_reddish_hue():
    pictures = [EndoscopeView(seed, 96, 80).render(2.0)[0] for seed in (11, 12, 13)]
    for picture in pictures:
        assert picture.shape == (80, 96, 3)
        assert picture.dtype == np.uint8
        red, green, blue = picture.reshape(-1, 3).mean(axis=0)
        assert red > 1.2 * green
        assert green > blue
        assert 60 < red < 230
        assert np.ptp(cv2.GaussianBlur(picture[..., 0], (0, 0), 3)) > 60


def test_noise_is_periodic_and_of_about_unit_variance():
    for cells, shape in (((16, 8), (1536, 768)), ((512, 256), (1536, 768)), ((1, 6), (1, 360))):
        noise = smooth_noise(np.random.default_rng(1), cells, shape)
        assert noise.shape == shape
        assert 0.4 < noise.std() < 1.6
        steps = np.abs(np.diff(noise, axis=1)).max()
        assert np.abs(noise[:, 0] - noise[:, -1]).max() <= 1.5 * steps


def test_wall_leaves_the_axis_free_and_shows_nearer_folds_first():
    folds = make_folds(np.random.default_rng(2))
    for bend in (0.0, 0.13):
        wall, height = stand_off(folds, Pose(1.0, (0.2, -0.1), (bend, 0.0), (0, 0), 0.0), ())
        if not bend:
            assert (wall > FREE_RADIUS - 0.06).all()
        assert (wall > 0).all()
        assert height.shape == wall.shape
        rows = visible_rows(wall)
        # The wider off the axis, the nearer: rows never grow with the angle.
        assert (np.diff(rows, axis=0) <= 1e-3).all()
        np.testing.assert_array_equal(rows[:, 0], rows[:, -1])


def test_beds_smooth_folds_down_only_near_themselves():
    folds = make_folds(np.random.default_rng(2))
    _, before = stand_off(folds, STRAIGHT, ())
    _, after = stand_off(folds, STRAIGHT, (Bed(1.0, 1.5, 0.3),))
    changed = np.flatnonzero(np.abs(before - after).max(axis=1) > 1e-3)
    assert 0 < changed.size < 0.4 * len(before)
    assert (np.abs(after) <= np.abs(before) + 1e-6).all()


def test_lens_window_holds_every_ray_that_meets_the_ball():
    rng = np.random.default_rng(3)
    lens = Lens(rng, 120, 100)
    for _ in range(200):
        across, down = rng.uniform(-0.7, 0.7, 2)
        pose = Pose(0.0, (0.0, 0.0), (0.0, 0.0), (across, down), float(rng.uniform(-1, 1)))
        centre = rng.uniform([-1.2, -1.2, -0.4], [1.2, 1.2, 2.0])
        reach = float(rng.uniform(0.05, 0.7))
        rays = cv2.transform(lens.rays, pose.rotation)
        nearest = np.linalg.norm(np.cross(rays, centre), axis=2)
        met = (nearest < reach) & (rays @ centre > 0)
        window = lens.window(pose, centre, reach)
        if window is not None:
            met[window] = False
        assert not met.any()


def test_polyps_are_met_on_the_wall_they_sit_on():
    tube = Tube(make_folds(np.random.default_rng(2)), STRAIGHT)
    polyps = [polyp for cell in range(40) for polyp in polyps_of_cell(9, cell)]
    assert {polyp.shape for polyp in polyps} == set(Shape)
    lens = Lens(np.random.default_rng(0), 200, 200)
    for polyp in polyps[:12]:
        foot = tube.point(polyp.bearing, 1.2)
        surface = Surface.unmet((200, 200))
        for part in ellipsoids_of(polyp, foot, polyp.radius):
            surface.add(part, lens.rays)
        met = np.isfinite(surface.distance)
        assert met.any()
        assert (surface.distance[met] > 0).all()
        assert ((surface.facing >= 0) & (surface.facing <= 1)).all()
        points = lens.rays[met] * surface.distance[met][:, None]
        reach = polyp.radius * polyp.extent * 1.25
        assert (np.linalg.norm(points - foot, axis=1) <= reach).all()
        assert surface.stalk.any() <= (polyp.shape is Shape.PEDUNCULATED)


def test_coarse_bounding_box_holds_the_whole_shape():
    rng = np.random.default_rng(4)
    for _ in range(50):
        x, y, radius = rng.uniform(0, 90), rng.uniform(0, 70), rng.uniform(5, 30)
        rows, columns = np.ogrid[:70, :90]
        shape = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        box = bounding_box(shape[::4, ::4], 4)
        assert box is not None
        tight = bounding_box(shape)
        assert shape[tight].any(axis=0).all()
        assert shape[tight].any(axis=1).all()
        shape[box] = False
        assert not shape.any()
    assert bounding_box(np.zeros((5, 5), bool)) is None


def test_polyps_grow_out_of_the_dark():
    polyp = next(polyp for cell in range(9) for polyp in polyps_of_cell(9, cell))
    assert polyp.radius_at(APPEARS + 0.01) == 0
    sizes = [polyp.radius_at(depth) for depth in (3.4, 3.0, 2.6, 1.0, -0.4)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == polyp.radius
