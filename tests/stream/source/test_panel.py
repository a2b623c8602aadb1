"""The processor's screen around the picture."""

import numpy as np
import pytest

from nets.picture import Colour, Matrix, Rect
from stream.errors import SettingsError
from stream.source.synthetic.panel import LAYOUTS, choose_layout, make_panel, view_of
from stream.source.synthetic.panel_planes import PlanarPanel, yuv_matrix

SIZES = [(1920, 1080), (1280, 720), (720, 576), (1440, 1080), (640, 480)]
STILL = np.full((50, 60, 3), (180, 90, 70), np.uint8)
BRIGHT = np.full((90, 100, 3), 255, np.uint8)


def bounding_box(shown):
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    return Rect(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", SIZES)
def test_view_is_the_bounding_box_of_the_picture(layout, size):
    for seed in (1, 2, 3):
        panel = make_panel(seed, size, STILL, layout)
        screen = panel.show(BRIGHT)
        assert screen.shape == (size[1], size[0], 3)
        black = panel.show(np.zeros_like(BRIGHT))
        assert bounding_box((screen != black).any(axis=2)) == panel.view
        assert panel.view == view_of(seed, size, layout)
        x, y, width, height = panel.view
        assert x % 2 == y % 2 == 0
        assert x + width <= size[0]
        assert y + height <= size[1]
        assert panel.view.area > 0.3 * size[0] * size[1]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_but_the_picture_changes_on_the_screen(layout):
    panel = make_panel(4, (640, 480), STILL, layout)
    outside = np.ones((480, 640), bool)
    outside[panel.view.slices()] = panel.aperture == 0
    np.testing.assert_array_equal(panel.show(BRIGHT)[outside], panel.background[outside])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_truth_stays_inside_the_picture(layout):
    panel = make_panel(5, (640, 480), STILL, layout)
    truth = panel.show_mask(np.ones((90, 100), bool))
    assert truth.dtype == np.bool_
    expected = np.zeros((480, 640), bool)
    expected[panel.view.slices()] = panel.aperture != 0
    np.testing.assert_array_equal(truth, expected)
    assert not panel.show_mask(np.zeros((90, 100), bool)).any()


def test_seeds_in_a_row_cover_every_layout():
    assert {choose_layout(seed) for seed in range(200)} == set(LAYOUTS)
    assert make_panel(3, (640, 480), STILL).layout == choose_layout(3)


def test_same_seed_draws_the_same_panel():
    one, other = (make_panel(8, (640, 480), STILL, "guide-over-corner") for _ in range(2))
    np.testing.assert_array_equal(one.background, other.background)
    different = make_panel(9, (640, 480), STILL, "guide-over-corner")
    assert (one.background != different.background).any()


def test_guide_over_the_corner_hides_part_of_the_picture():
    over = make_panel(8, (1280, 720), STILL, "guide-over-corner")
    corner = over.aperture[-over.view.height // 10 :, : over.view.width // 10]
    assert not corner.any()


def test_unknown_layout_names_the_nearest():
    with pytest.raises(SettingsError, match="did you mean octagon-right"):
        make_panel(1, (640, 480), STILL, "octagon-rigth")


@pytest.mark.parametrize("matrix", Matrix)
@pytest.mark.parametrize("full_range", [False, True])
def test_yuv_matrix_maps_white_black_and_primaries(matrix, full_range):
    colour = Colour(matrix, full_range)
    white, black = (yuv_matrix(colour) @ [v, v, v, 1] for v in (255, 0))
    low, high = (0, 255) if full_range else (16, 235)
    np.testing.assert_allclose(white, [high, 128, 128], atol=1e-9)
    np.testing.assert_allclose(black, [low, 128, 128], atol=1e-9)
    half = 127.5 if full_range else 112
    assert yuv_matrix(colour)[1] @ [0, 0, 255, 1] == pytest.approx(128 + half)
    assert yuv_matrix(colour)[2] @ [255, 0, 0, 1] == pytest.approx(128 + half)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(640, 480), (719, 575)])
def test_planes_show_what_the_rgb_screen_shows(layout, size):
    panel = make_panel(6, size, STILL, layout)
    colour = Colour.untagged(size[1])
    rng = np.random.default_rng(1)
    blocks = np.kron(rng.integers(60, 200, (3, 4, 3)), np.ones((30, 25, 1))).astype(np.uint8)
    picture = PlanarPanel(panel, colour).show(blocks)
    assert picture.layout.name == "yuv420p"
    shapes = tuple(plane.shape for plane in picture.planes)
    assert shapes == picture.layout.plane_shapes(size[1], size[0])
    luma = panel.show(blocks) @ yuv_matrix(colour)[0, :3] + yuv_matrix(colour)[0, 3]
    # Each path rounds twice, once before and once after scaling.
    assert np.abs(picture.planes[0] - luma).max() <= 2
