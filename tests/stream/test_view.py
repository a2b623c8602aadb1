import csv
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from nets.view import find_view
from stream.errors import SettingsError
from stream.frame import Frame, frame_of, picture_of
from stream.source.synthetic import SyntheticScene
from stream.source.synthetic.panel import LAYOUTS as SCREENS
from stream.source.synthetic.panel import make_panel
from stream.view import ViewFinder, parse_view

TRUTH = Path(__file__).parent / "truth" / "ui_views.csv"


def picture_of_rgb(rgb, layout="yuv420p"):
    return picture_of(av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=layout))


def picture_of_file(path):
    image = cv2.imread(str(path))
    return picture_of_rgb(np.ascontiguousarray(image[..., ::-1]))


def tissue(width, height, seed=0, light=1.0):
    """A blotchy red texture, (height, width, 3) uint8 RGB."""
    coarse = light * np.random.default_rng(seed).uniform(0.6, 1.2, (12, 12, 1))
    rgb = np.clip(coarse * (190, 110, 90), 0, 255).astype(np.uint8)
    return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC)


def screen(view, size=(640, 360), panel=12, light=1.0):
    """A processor's screen with an octagonal picture, (H, W, 3) uint8 RGB."""
    rgb = np.full((size[1], size[0], 3), panel, np.uint8)
    cut = min(view.width, view.height) // 5
    right, bottom = view.width - 1, view.height - 1
    corners = [(cut, 0), (right - cut, 0), (right, cut), (right, bottom - cut)]
    corners += [(right - cut, bottom), (cut, bottom), (0, bottom - cut), (0, cut)]
    aperture = np.zeros((view.height, view.width), np.uint8)
    cv2.fillConvexPoly(aperture, np.array(corners, np.int32), 255)
    cv2.copyTo(tissue(view.width, view.height, light=light), aperture, rgb[view.slices()])
    return rgb


def frames_of(screens, fps=25, first=0):
    return [
        Frame(first + i, first + i, Fraction(1, fps), picture_of_rgb(rgb), 0.0)
        for i, rgb in enumerate(screens)
    ]


def run(finder, screens, first=0):
    return [finder.update(frame) for frame in frames_of(screens, first=first)]


@cache
def synthetic_pictures():
    return [SyntheticScene(seed, size=(640, 360)).picture(5 * seed)[0] for seed in range(8)]


def marked_views():
    with TRUTH.open() as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            yield row["file"], Rect(*(int(row[k]) for k in ("x", "y", "width", "height")))


# One frame.


def test_views_of_real_full_size_frames_are_where_the_eye_saw_them(shared_data):
    overlaps = {}
    for name, truth in marked_views():
        found = find_view(picture_of_file(shared_data / "ui-1080p" / name))
        overlaps[name] = truth.intersection_over_union(found) if found else 0.0
    assert len(overlaps) == 21
    assert sum(overlap >= 0.9 for overlap in overlaps.values()) >= 19, overlaps


def test_views_on_200_synthetic_screens_of_every_layout_are_found():
    pictures = synthetic_pictures()
    missed, layouts = {}, set()
    for seed in range(200):
        still = pictures[(seed + 3) % len(pictures)]
        panel = make_panel(seed, (960, 540), still)
        shown = panel.show(pictures[seed % len(pictures)])
        found = find_view(picture_of_rgb(shown))
        layouts.add(panel.layout)
        overlap = panel.view.intersection_over_union(found) if found else 0.0
        if overlap < 0.95:
            missed[seed] = panel.layout, overlap
    assert layouts == set(SCREENS)
    assert not missed


def test_views_of_real_frames_keep_their_polyps(shared_data):
    inside = marked = 0
    images = sorted((shared_data / "polypgen").glob("*/images/*.jpg"))[::16]
    masks = [path.parents[1] / "masks" / f"{path.stem}_mask.png" for path in images]
    images += sorted((shared_data / "kvasir-seg" / "images").glob("*.jpg"))[::16]
    masks += [path.parents[1] / "masks" / path.name for path in images[len(masks) :]]
    for image, mask in zip(images, masks, strict=True):
        polyp = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
        polyp = polyp > (127 if mask.suffix == ".jpg" else 0)
        found = find_view(picture_of_file(image))
        marked += int(polyp.sum())
        inside += int(polyp[found.slices()].sum()) if found else 0
    assert len(images) > 100
    assert inside >= 0.995 * marked


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_sample_layout_shows_the_same_view(layout):
    truth = Rect(180, 20, 400, 320)
    assert find_view(picture_of_rgb(screen(truth), layout)) == pytest.approx(truth, abs=2)


@pytest.mark.parametrize(
    ("size", "truth"),
    [
        ((64, 64), Rect(12, 4, 48, 56)),
        ((240, 240), Rect(40, 20, 180, 200)),
        ((720, 576), Rect(150, 30, 540, 500)),
        ((719, 575), Rect(151, 31, 541, 501)),
        ((7680, 4320), Rect(2000, 160, 4800, 4000)),
    ],
)
def test_views_are_found_from_small_frames_to_8k(size, truth):
    found = find_view(picture_of_rgb(screen(truth, size)))
    assert truth.intersection_over_union(found) >= 0.95


def test_picture_without_a_panel_is_the_view_as_a_whole():
    picture = picture_of_rgb(tissue(560, 480))
    assert find_view(picture) == picture.whole


def test_shadow_at_the_edge_of_a_picture_without_a_panel_does_not_cut_it():
    rgb = tissue(640, 480).astype(np.float64)
    rgb *= np.clip(np.linspace(0.15, 2, 640), 0, 1)[None, :, None]
    picture = picture_of_rgb(rgb.astype(np.uint8))
    assert find_view(picture) == picture.whole


def test_dark_lumen_at_the_edge_of_the_view_does_not_cut_it():
    truth = Rect(180, 20, 400, 320)
    rgb = screen(truth)
    lumen = np.zeros(rgb.shape[:2], np.uint8)
    cv2.circle(lumen, (560, 180), 150, 255, -1)
    rgb[(lumen != 0) & (rgb[..., 0] > 40)] = (34, 26, 24)
    assert truth.intersection_over_union(find_view(picture_of_rgb(rgb))) >= 0.98


def test_polyp_beyond_a_black_shadow_stays_in_the_view():
    truth = Rect(180, 20, 400, 320)
    lit = screen(truth)
    shadow, polyp = np.zeros(lit.shape[:2], np.uint8), np.zeros(lit.shape[:2], np.uint8)
    cv2.circle(shadow, (560, 130), 190, 255, -1)
    cv2.ellipse(polyp, (535, 190), (35, 70), 0, 0, 360, 255, -1)
    rgb = lit.copy()
    rgb[(shadow != 0) & (polyp == 0)] = 12
    rgb[:, 540:][polyp[:, 540:] == 0] = 12
    found = find_view(picture_of_rgb(rgb))
    assert found.x + found.width >= 568


def test_text_that_touches_the_view_does_not_stretch_it():
    truth = Rect(180, 20, 400, 320)
    rgb = screen(truth)
    for row in range(60, 300, 24):
        cv2.putText(rgb, "ID: 0123456789 Age:", (4, row), 0, 0.6, (255, 255, 255), 1)
    assert find_view(picture_of_rgb(rgb)) == pytest.approx(truth, abs=2)


@pytest.mark.parametrize("colour", [(40, 185, 145), (85, 110, 190), (44, 44, 44)])
def test_box_over_a_corner_of_the_view_does_not_stretch_it(colour):
    truth = Rect(180, 20, 400, 320)
    rgb = screen(truth)
    rgb[230:340, 60:240] = colour
    assert find_view(picture_of_rgb(rgb)) == pytest.approx(truth, abs=2)


def test_inset_over_a_corner_of_the_view_does_not_stretch_it():
    truth = Rect(180, 20, 400, 320)
    rgb = screen(truth)
    rgb[250:350, 110:230] = tissue(120, 100, seed=1)
    assert find_view(picture_of_rgb(rgb)).x == pytest.approx(truth.x, abs=2)


def test_grey_panel_between_black_bars_is_looked_through():
    truth = Rect(220, 20, 300, 320)
    rgb = screen(truth, panel=24)
    rgb[:, :80] = rgb[:, 560:] = 0
    assert find_view(picture_of_rgb(rgb)) == pytest.approx(truth, abs=2)


def test_blue_dyed_tissue_is_part_of_the_view():
    truth = Rect(180, 20, 400, 320)
    rgb = screen(truth)
    dyed = rgb[:, 400:]
    dyed[dyed[..., 0] > 40] = dyed[dyed[..., 0] > 40][:, ::-1]
    assert find_view(picture_of_rgb(rgb)) == pytest.approx(truth, abs=2)


def colour_bars():
    bars = np.array([[r, g, b] for g in (191, 0) for r in (191, 0) for b in (191, 0)], np.uint8)
    return np.repeat(np.repeat(bars[None], 360, axis=0), 80, axis=1)


def text_alone():
    rgb = np.full((360, 640, 3), 14, np.uint8)
    for row in range(30, 350, 20):
        cv2.putText(rgb, "Patient: - Date: 2021-01-01 NO SIGNAL", (8, row), 0, 0.7, (255,) * 3, 2)
    return rgb


def noisy_black():
    noise = np.random.default_rng(0).normal(16, 2, (360, 640, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("make", [colour_bars, text_alone, noisy_black])
def test_screen_without_an_endoscope_has_no_view(make):
    assert find_view(picture_of_rgb(make())) is None


@pytest.mark.parametrize("level", [0, 14, 128, 255])
def test_screen_of_one_grey_has_no_view(level):
    assert find_view(picture_of_rgb(np.full((360, 640, 3), level, np.uint8))) is None


def test_panel_with_an_inset_alone_has_no_view():
    rgb = screen(Rect(420, 200, 180, 140), panel=15)
    rgb[210:330, 430:590] = 2
    rgb[4:74, 10:100] = tissue(90, 70)
    assert find_view(picture_of_rgb(rgb)) is None


@settings(max_examples=80, deadline=None)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    layout=st.sampled_from(sorted(LAYOUTS)),
    seed=st.integers(0, 1000),
)
def test_any_samples_of_any_size_give_a_rectangle_inside_the_frame(width, height, layout, seed):
    rng = np.random.default_rng(seed)
    chosen = LAYOUTS[layout]
    top = 1 << chosen.bits
    planes = [
        rng.integers(0, rng.integers(1, top), shape).astype(chosen.dtype) << chosen.shift
        for shape in chosen.plane_shapes(height, width)
    ]
    planes[0][: rng.integers(height + 1)] = 0
    planes[0][:, : rng.integers(width + 1)] = 0
    picture = Picture(tuple(planes), chosen, Colour(Matrix.BT709))
    found = find_view(picture)
    if found is not None:
        assert found.area > 0
        assert min(found.x, found.y) >= 0
        assert found.x + found.width <= width
        assert found.y + found.height <= height


# A recording.


def test_real_clips_have_one_view_from_start_to_end(shared_data):
    for name, truth in (
        ("polyp-560x480-25fps.mp4", Rect(0, 0, 560, 480)),
        ("normal-420x288-25fps-audio.mp4", Rect(28, 11, 366, 268)),
    ):
        finder = ViewFinder()
        with av.open(str(shared_data / "video" / name)) as container:
            views = {
                finder.update(frame_of(decoded, index, decoded.pts, decoded.time_base))
                for index, decoded in enumerate(container.decode(video=0))
            }
        assert len(views) == 1
        assert truth.intersection_over_union(views.pop()) >= 0.98


def test_whole_frame_is_the_view_until_one_is_found():
    finder = ViewFinder()
    views = run(finder, [text_alone()] * 10)
    assert set(views) == {Rect(0, 0, 640, 360)}
    assert not finder.visible


def test_first_view_is_taken_at_once():
    truth = Rect(180, 20, 400, 320)
    finder = ViewFinder()
    assert run(finder, [screen(truth)]) == [pytest.approx(truth, abs=2)]
    assert finder.visible


def test_view_stays_while_the_screen_is_black():
    lit = screen(Rect(180, 20, 400, 320))
    finder = ViewFinder()
    views = run(finder, [lit] * 10 + [np.zeros_like(lit)] * 60)
    assert len(set(views)) == 1
    assert not finder.visible


def test_view_does_not_shrink_with_a_scene_half_in_the_dark():
    lit = screen(Rect(180, 20, 400, 320))
    dark = lit.copy()
    dark[:, 380:] = 12
    finder = ViewFinder()
    assert len(set(run(finder, [lit] * 10 + [dark] * 10 + [lit] * 10))) == 1


def test_view_that_starts_in_the_dark_grows():
    truth = Rect(180, 20, 400, 320)
    dark = screen(truth)
    dark[:, 380:] = 12
    finder = ViewFinder()
    views = run(finder, [dark] * 3 + [screen(truth)] * 25)
    assert truth.intersection_over_union(views[-1]) >= 0.98


@pytest.mark.parametrize(
    "after", [Rect(20, 20, 400, 320), Rect(100, 0, 440, 360), Rect(240, 60, 300, 240)]
)
@pytest.mark.parametrize("delay", range(9))
def test_view_that_moves_or_changes_size_is_found_within_a_second(after, delay):
    before = Rect(180, 20, 400, 320)
    finder = ViewFinder()
    run(finder, [screen(before)] * (20 + delay))
    views = run(finder, [screen(after)] * 25, first=20 + delay)
    assert after.intersection_over_union(views[-1]) >= 0.95


def test_view_is_steady_before_and_after_a_move():
    screens = [screen(Rect(180, 20, 400, 320))] * 30 + [screen(Rect(20, 20, 400, 320))] * 60
    assert len(set(run(ViewFinder(), screens))) == 2


@pytest.mark.parametrize(
    ("after", "doubted_within_s"), [(Rect(20, 20, 400, 320), 0.3), (Rect(240, 60, 300, 240), 0.45)]
)
def test_view_is_unsettled_from_a_move_until_it_is_found(after, doubted_within_s):
    finder = ViewFinder()
    run(finder, [screen(Rect(180, 20, 400, 320))] * 20)
    assert finder.settled
    settled = []
    for frame in frames_of([screen(after)] * 25, first=20):
        found = after.intersection_over_union(finder.update(frame)) >= 0.95
        settled.append(finder.settled)
        assert found or not finder.settled or len(settled) <= 25 * doubted_within_s + 1
    assert not all(settled)
    assert finder.settled


def test_one_look_into_the_dark_leaves_the_view_settled():
    lit = screen(Rect(180, 20, 400, 320))
    dark = lit.copy()
    dark[:, 380:] = 12
    finder = ViewFinder()
    run(finder, [lit] * 10)
    for frame in frames_of([dark] * 3, first=10):
        finder.update(frame)
        assert finder.settled


def test_same_frames_give_the_same_views():
    screens = [screen(Rect(180, 20, 400, 320), light=light) for light in (1, 0.2, 0.7, 0.1)] * 10
    assert run(ViewFinder(), screens) == run(ViewFinder(), screens)


def test_frames_are_looked_at_by_media_time_not_one_by_one(monkeypatch):
    looks = []
    monkeypatch.setattr(
        "stream.view.find_view", lambda picture: looks.append(picture) or picture.whole
    )
    run(ViewFinder(), [screen(Rect(180, 20, 400, 320))] * 75)
    assert len(looks) <= 15


def test_frame_of_another_size_starts_afresh():
    finder = ViewFinder()
    run(finder, [screen(Rect(180, 20, 400, 320))] * 10)
    after = Rect(60, 10, 240, 200)
    views = run(finder, [screen(after, size=(320, 240))], first=10)
    assert after.intersection_over_union(views[0]) >= 0.95


def test_time_that_goes_back_is_looked_at_again():
    finder = ViewFinder()
    run(finder, [text_alone()], first=1000)
    truth = Rect(180, 20, 400, 320)
    assert run(finder, [screen(truth)], first=0) == [pytest.approx(truth, abs=2)]


def test_view_starts_and_ends_on_chroma_samples():
    view = run(ViewFinder(), [screen(Rect(181, 21, 401, 319))])[0]
    assert all(value % 2 == 0 for value in view)


def test_full_takes_the_whole_frame():
    finder = ViewFinder("full")
    assert run(finder, [screen(Rect(180, 20, 400, 320))]) == [Rect(0, 0, 640, 360)]
    assert finder.visible


def test_given_rectangle_is_taken_as_it_is():
    finder = ViewFinder("100,20,300,200")
    assert run(finder, [text_alone()]) == [Rect(100, 20, 300, 200)]
    assert ViewFinder(Rect(100, 20, 300, 200)).visible


@pytest.mark.parametrize("text", ["400,0,300,200", "0,0,640,361"])
def test_given_rectangle_has_to_lie_in_the_frame(text):
    with pytest.raises(SettingsError, match="640x360") as raised:
        run(ViewFinder(text), [text_alone()])
    assert text in str(raised.value)
    assert "\n" not in str(raised.value)


def test_given_rectangle_that_does_not_fit_is_never_taken():
    finder = ViewFinder(Rect(0, 0, 641, 360))
    for _ in range(2):
        with pytest.raises(SettingsError):
            run(finder, [text_alone()])


def test_given_rectangle_has_to_hold_a_chroma_sample():
    with pytest.raises(SettingsError, match="yuv420p"):
        run(ViewFinder("1,1,1,1"), [text_alone()])


def test_view_setting_is_read():
    assert parse_view("auto") == "auto"
    assert parse_view("full") == "full"
    assert parse_view("10,20,300,200") == parse_view(" 10, 20, 300, 200 ") == Rect(10, 20, 300, 200)


@pytest.mark.parametrize(
    "text", ["", "Auto", "10,20,300", "10,20,300,200,1", "-1,0,10,10", "1.5,0,10,10", "0,0,0,10"]
)
def test_view_setting_that_makes_no_sense_is_refused_in_one_line(text):
    with pytest.raises(SettingsError) as raised:
        parse_view(text)
    assert repr(text) in str(raised.value)
    assert "\n" not in str(raised.value)
