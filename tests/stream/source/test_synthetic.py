"""The `synthetic:` source: addresses, frames, times and truth."""

import re
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from nets.picture import Colour, Matrix
from stream.errors import SettingsError
from stream.source.synthetic import SyntheticScene, open_synthetic
from stream.source.synthetic.address import parse_address
from stream.source.synthetic.panel import LAYOUTS

DEMO = "synthetic:?seed=7&size=640x480&layout=octagon-right"


@pytest.fixture(scope="module")
def scene():
    return SyntheticScene(7, (640, 480), layout="octagon-right")


def test_frames_do_not_depend_on_the_order_they_are_asked_in(scene):
    other = SyntheticScene(7, (640, 480), layout="octagon-right")
    in_order = [other.render(index) for index in range(58, 62)]
    for index in (61, 58, 60, 59):
        again = scene.render(index)
        np.testing.assert_array_equal(again.rgb, in_order[index - 58].rgb)
        np.testing.assert_array_equal(again.mask, in_order[index - 58].mask)


def test_demo_scene_has_spans_with_and_without_polyps(scene):
    shares = np.array([scene.picture(index)[1].mean() for index in range(0, 250, 10)])
    assert (shares == 0).mean() >= 0.2
    assert (shares > 0.005).mean() >= 0.3


def test_polyps_differ_in_size_over_scenes():
    shares = []
    for seed in range(20, 24):
        scene = SyntheticScene(seed, (320, 240))
        shares += [scene.picture(index)[1].mean() for index in range(40, 200, 30)]
    seen = np.array([share for share in shares if share > 0.002])
    assert seen.min() < 0.02
    assert seen.max() > 0.08


def test_neighbouring_frames_move_a_little_but_noise_never_repeats(scene):
    first, second = (scene.render(index).rgb.astype(int) for index in (10, 11))
    difference = np.abs(first - second)[scene.view.slices()]
    assert 0.3 < difference.mean() < 25


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_renders_with_its_truth_inside_the_view(layout):
    scene = SyntheticScene(9, (320, 240), layout=layout)
    rendered = scene.render(90)
    assert rendered.rgb.shape == (240, 320, 3)
    assert rendered.mask.shape == (240, 320)
    outside = np.ones((240, 320), bool)
    outside[rendered.view.slices()] = False
    assert not (rendered.mask & outside).any()
    assert rendered.view == scene.view


def test_frame_rate_only_changes_how_often_a_scene_is_seen():
    slow = SyntheticScene(3, (320, 240), Fraction(25))
    fast = SyntheticScene(3, (320, 240), Fraction(50))
    np.testing.assert_array_equal(slow.render(30).rgb, fast.render(60).rgb)


def test_source_delivers_exact_times_and_native_planes():
    with open_synthetic("synthetic:?seed=3&seconds=1/5&fps=30000/1001&size=320x240") as source:
        frames = list(source)
    assert source.rate == Fraction(30000, 1001)
    assert [frame.index for frame in frames] == list(range(6)) == list(range(source.frame_count))
    assert [frame.seconds for frame in frames] == [k * Fraction(1001, 30000) for k in range(6)]
    assert source.duration == 6 * Fraction(1001, 30000)
    for frame in frames:
        assert frame.picture.layout.name == "yuv420p"
        assert frame.picture.colour == Colour(Matrix.BT601)
        assert (source.height, source.width) == frame.picture.planes[0].shape == (240, 320)


def test_high_definition_is_bt709():
    with open_synthetic("synthetic:?size=1280x720&seconds=0.04") as source:
        (frame,) = source
    assert frame.picture.colour == Colour(Matrix.BT709)
    assert source.parameters.matrix_tag == 1


def test_source_frames_agree_with_the_rendered_screen(scene):
    with open_synthetic(DEMO) as source:
        frame = source.frame(60)
    rendered = scene.render(60)
    luma = 16 + rendered.rgb @ np.array([0.299, 0.587, 0.114]) * 219 / 255
    # Each path rounds twice, once before and once after scaling.
    assert np.abs(frame.picture.planes[0] - luma).max() <= 2
    assert source.view == rendered.view


def test_truth_is_the_same_for_late_and_for_recent_frames(scene):
    with open_synthetic(DEMO) as source:
        source.frame(80)
        recent = source.truth(80)
        late = source.truth(81)
    np.testing.assert_array_equal(recent, scene.render(80).mask)
    np.testing.assert_array_equal(late, scene.render(81).mask)
    assert recent.any()


def test_endless_source_has_no_count():
    with open_synthetic("synthetic:?seconds=inf&size=64x64") as source:
        assert source.frame_count is None
        assert source.duration is None
        assert len(list(islice(source, 3))) == 3


def test_address_without_a_query_is_the_demo():
    asked = parse_address("synthetic:")
    assert (asked.seed, asked.seconds, asked.fps, asked.size) == (7, 10, 25, (1920, 1080))


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("sed=3", "sed is unknown: did you mean seed"),
        ("seed=-1", "seed=-1 is no whole number"),
        ("seed=", "seed= is no whole number"),
        ("seconds=0", "seconds=0 is no length"),
        ("seconds=nan", "seconds=nan is no length"),
        ("fps=0", "fps=0 is no frame rate"),
        ("fps=1/0", "fps=1/0 is no frame rate"),
        ("fps=fast", "fps=fast is no frame rate"),
        ("size=1920", "size=1920 is no size"),
        ("size=8x8", "size=8x8 is no size"),
        ("size=99999x64", "size=99999x64 is no size"),
        ("layout=octagon", "layout 'octagon' is unknown"),
    ],
)
def test_wrong_address_says_what_is_wrong(query, complaint):
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        open_synthetic(f"synthetic:?{query}")


def test_wrong_address_names_everything_at_once():
    with pytest.raises(SettingsError) as caught:
        parse_address("synthetic:?seed=x&fps=0&colour=red")
    for word in ("seed=x", "fps=0", "colour is unknown"):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_address_of_another_scheme_is_refused():
    for address in ("file.mp4", "synthetic:seed=3"):
        with pytest.raises(SettingsError, match="is no synthetic source"):
            parse_address(address)
