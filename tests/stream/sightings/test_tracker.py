"""From masks over time to sightings: hand-made sequences, each a moment of a colonoscopy."""

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, repeat
from pathlib import Path

import cv2
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame
from stream.prediction import Mask, Prediction, find_mask
from stream.sightings import Sighting, SightingSettings, SightingTracker, write_sightings

VIEW = Rect(20, 10, 120, 100)
POLYP, OTHER = Rect(40, 30, 24, 20), Rect(100, 70, 20, 24)

Shown = Sequence[tuple[Rect, float]]
"""What one frame shows: places in the frame, each with its probability."""

NOTHING: Shown = ()

QUICK = SightingSettings(on_confidence=0.6, on_for_s=0.2)


def picture() -> Picture:
    luma = np.random.default_rng(3).integers(16, 236, (120, 160), np.uint8)
    chroma = np.full((60, 80), 128, np.uint8)
    return Picture((luma, chroma, chroma), LAYOUTS["yuv420p"], Colour(Matrix.BT601))


PICTURE = picture()


def mask_of(shown: Shown, view: Rect = VIEW) -> Mask:
    probability = np.zeros((view.height, view.width), np.float32)
    for place, value in shown:
        probability[place.y - view.y :, place.x - view.x :][: place.height, : place.width] = value
    return find_mask(Prediction(0, view, view, probability, 0.0, 0.0), 0.5)


def track(
    shown: Sequence[Shown], settings: SightingSettings = QUICK, fps: Fraction = Fraction(25)
) -> list[Sighting]:
    tracker = SightingTracker(settings)
    for index, each in enumerate(shown):
        tracker.update(Frame(index, index, 1 / fps, PICTURE, 0.0), mask_of(each))
    return tracker.finish()


def times(count: int, *shown: tuple[Rect, float]) -> Iterator[Shown]:
    return repeat(shown, count)


def moving(place: Rect, step: int, count: int) -> list[Shown]:
    return [[(place._replace(x=place.x + step * index), 0.9)] for index in range(count)]


def test_whoever_only_counts_keeps_none_that_has_ended() -> None:
    tracker = SightingTracker(QUICK, keep=False)
    shown = [*times(30, (POLYP, 0.9)), *times(60), *times(30, (OTHER, 0.9)), *times(60)]
    for index, each in enumerate(shown):
        tracker.update(Frame(index, index, Fraction(1, 25), PICTURE, 0.0), mask_of(each))
    assert (tracker.begun, tracker.open) == (2, 0)
    assert tracker.finish() == []


def test_polyp_that_stands_is_one_sighting_from_first_to_last_frame() -> None:
    (sighting,) = track([*times(10), *times(30, (POLYP, 0.9)), *times(40)])
    assert (sighting.first_index, sighting.last_index) == (10, 39)
    assert (sighting.first_seconds, sighting.last_seconds) == (0.4, 1.56)
    assert sighting.number == 1
    assert sighting.frames == 30
    assert sighting.box == POLYP
    assert sighting.confidence == pytest.approx(0.9)
    assert sighting.area_fraction == pytest.approx(POLYP.area / VIEW.area)


def test_nothing_seen_is_no_sighting() -> None:
    assert track([NOTHING] * 50) == []


@pytest.mark.parametrize(("frames", "sightings"), [(4, 0), (5, 1)])
def test_sighting_begins_after_a_fifth_of_a_second(frames: int, sightings: int) -> None:
    assert len(track([*times(5), *times(frames, (POLYP, 0.9)), *times(40)])) == sightings


@pytest.mark.parametrize(("frames", "sightings"), [(7, 0), (8, 1)])
def test_usual_settings_want_a_third_of_a_second(frames: int, sightings: int) -> None:
    shown = [*times(5), *times(frames, (POLYP, 0.9)), *times(40)]
    assert len(track(shown, SightingSettings())) == sightings


@pytest.mark.parametrize("fps", [Fraction(5), Fraction(25), Fraction(60000, 1001)])
def test_times_are_seconds_whatever_the_rate(fps: Fraction) -> None:
    before, seen = int(2 * fps), int(3 * fps)
    (sighting,) = track([*times(before), *times(seen, (POLYP, 0.9)), *times(before)], fps=fps)
    assert sighting.first_seconds == pytest.approx(2, abs=float(1 / fps))
    assert sighting.last_seconds == pytest.approx(5, abs=3 * float(1 / fps))


def test_one_frame_alone_is_no_sighting_however_long_it_lasts() -> None:
    assert track([NOTHING, [(POLYP, 0.9)], NOTHING], fps=Fraction(1, 2)) == []
    assert len(track([NOTHING, [(POLYP, 0.9)], [(POLYP, 0.9)]], fps=Fraction(1, 2))) == 1


def test_hole_in_the_recording_ends_a_sighting() -> None:
    tracker = SightingTracker(QUICK)
    for index in range(40):
        pts = index if index < 20 else index + 250
        frame = Frame(index, pts, Fraction(1, 25), PICTURE, 0.0)
        tracker.update(frame, mask_of([(POLYP, 0.9)]))
    assert len(tracker.finish()) == 2


def test_flicker_begins_nothing() -> None:
    assert track([each for _ in range(40) for each in ([(POLYP, 0.9)], NOTHING)]) == []


def test_polyp_that_is_missed_in_a_frame_now_and_then_still_begins() -> None:
    seen = [[(POLYP, 0.9)]] * 3
    (sighting,) = track([*seen, NOTHING, *seen, NOTHING, *seen, *times(40)])
    assert (sighting.first_index, sighting.last_index, sighting.frames) == (0, 10, 9)


def test_what_is_never_sure_begins_nothing() -> None:
    assert track([*times(100, (POLYP, 0.55))]) == []


def test_sighting_that_has_begun_lives_on_less() -> None:
    (sighting,) = track([*times(20, (POLYP, 0.9)), *times(60, (POLYP, 0.55))])
    assert (sighting.first_index, sighting.last_index) == (0, 79)


def test_off_confidence_ends_what_has_grown_doubtful() -> None:
    settings = SightingSettings(on_confidence=0.8, off_confidence=0.7, on_for_s=0.2)
    (sighting,) = track([*times(20, (POLYP, 0.9)), *times(60, (POLYP, 0.6))], settings)
    assert sighting.last_index == 19


def test_what_is_too_small_begins_nothing_but_keeps_what_has_begun() -> None:
    tiny = Rect(50, 38, 5, 5)
    assert tiny.area < 0.003 * VIEW.area
    assert track([*times(50, (tiny, 0.95))]) == []
    (sighting,) = track([*times(10, (POLYP, 0.9)), *times(50, (tiny, 0.95))])
    assert sighting.last_index == 59


@pytest.mark.parametrize(("gap_frames", "sightings"), [(24, 1), (30, 2)])
def test_gaps_up_to_a_second_are_bridged(gap_frames: int, sightings: int) -> None:
    seen = [[(POLYP, 0.9)]] * 10
    assert len(track([*seen, *times(gap_frames), *seen])) == sightings


def test_two_polyps_at_once_are_two_sightings() -> None:
    first, second = track(
        [*times(20, (POLYP, 0.9)), *times(20, (POLYP, 0.9), (OTHER, 0.8)), *times(5)]
    )
    assert (first.number, first.box, first.first_index) == (1, POLYP, 0)
    assert (second.number, second.box, second.first_index) == (2, OTHER, 20)
    assert (first.confidence, second.confidence) == (pytest.approx(0.9), pytest.approx(0.8))


def test_polyp_elsewhere_in_a_gap_is_another_one() -> None:
    first, second = track([*times(20, (POLYP, 0.9)), *times(5), *times(20, (OTHER, 0.9))])
    assert (first.box, second.box) == (POLYP, OTHER)


def test_polyp_that_moves_on_stays_the_same() -> None:
    (sighting,) = track(moving(Rect(22, 40, 16, 16), 3, 30))
    assert sighting.frames == 30


def test_polyp_that_moved_unseen_is_the_same_when_it_is_near() -> None:
    near = POLYP._replace(x=POLYP.x + POLYP.width + 2)
    (sighting,) = track([*times(10, (POLYP, 0.9)), *times(15), *times(10, (near, 0.9))])
    assert sighting.frames == 20


def test_polyps_that_pass_each_other_keep_apart() -> None:
    upper = moving(Rect(24, 20, 16, 16), 2, 40)
    lower = [[(Rect(110 - 2 * index, 60, 16, 16), 0.8)] for index in range(40)]
    sightings = track([[*a, *b] for a, b in zip(upper, lower, strict=True)])
    assert [sighting.frames for sighting in sightings] == [40, 40]
    assert sorted(round(sighting.confidence, 3) for sighting in sightings) == [0.8, 0.9]


def test_fragments_of_a_polyp_are_no_polyps_of_their_own() -> None:
    left = POLYP._replace(width=10)
    right = POLYP._replace(x=POLYP.x + 14, width=10)
    (sighting,) = track(
        [*times(10, (POLYP, 0.9)), *times(20, (left, 0.9), (right, 0.7)), *times(5, (POLYP, 0.9))]
    )
    assert sighting.frames == 35


def test_peak_is_the_frame_with_the_largest_area_times_confidence() -> None:
    large = Rect(36, 28, 34, 28)
    shown = [*times(10, (POLYP, 0.9)), [(large, 0.6)], [(large, 0.9)], *times(10, (POLYP, 0.95))]
    (sighting,) = track(shown)
    assert (sighting.peak_index, sighting.box) == (11, large)
    assert sighting.peak_seconds == 0.44


def test_thumbnail_shows_the_surroundings_inside_the_view() -> None:
    corner = Rect(VIEW.x, VIEW.y, 10, 10)
    (sighting,) = track([*times(10, (corner, 0.9))])
    shown = sighting.thumbnail_of
    assert (shown.x, shown.y) == (VIEW.x, VIEW.y)
    assert shown.x + shown.width <= VIEW.x + VIEW.width
    assert shown.width >= 0.39 * VIEW.width
    image = cv2.imdecode(np.frombuffer(sighting.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[1] == 192
    assert image.shape[0] / 192 == pytest.approx(shown.height / shown.width, abs=0.01)


def test_sighting_goes_on_where_the_picture_changes_its_size() -> None:
    tracker = SightingTracker(QUICK)
    double = Rect(*(2 * side for side in VIEW))
    planes = tuple(np.repeat(np.repeat(plane, 2, 0), 2, 1) for plane in PICTURE.planes)
    larger = Picture(planes, PICTURE.layout, PICTURE.colour)
    for index in range(20):
        small = index < 10
        mask = mask_of([(POLYP, 0.9)]) if small else mask_of([(_doubled(POLYP), 0.9)], double)
        shown = PICTURE if small else larger
        tracker.update(Frame(index, index, Fraction(1, 25), shown, 0.0), mask)
    (sighting,) = tracker.finish()
    assert sighting.frames == 20


def _doubled(rect: Rect) -> Rect:
    return Rect(*(2 * side for side in rect))


def test_begun_and_open_count_as_it_goes() -> None:
    tracker = SightingTracker(QUICK)
    counts = []
    shown = [*times(10, (POLYP, 0.9)), *times(40), *times(10, (OTHER, 0.9))]
    for index, each in enumerate(shown):
        tracker.update(Frame(index, index, Fraction(1, 25), PICTURE, 0.0), mask_of(each))
        counts.append((tracker.begun, tracker.open))
    assert [counts[index] for index in (3, 9, 30, 45, 59)] == [
        (0, 0),
        (1, 1),
        (1, 1),
        (1, 0),
        (2, 1),
    ]
    assert len(tracker.finish()) == tracker.begun


def test_same_masks_give_the_same_sightings() -> None:
    generator = np.random.default_rng(5)
    shown = [
        [
            (place, float(generator.uniform(0.5, 1)))
            for place in (POLYP, OTHER)
            if generator.random() < 0.8
        ]
        for _ in range(300)
    ]
    assert track(shown) == track(shown)


@pytest.mark.parametrize(
    "wrong",
    [
        {"on_confidence": 1.5},
        {"on_for_s": 0},
        {"gap_s": -1},
        {"on_confidence": 0.4, "off_confidence": 0.5},
        {"gap": 1},
    ],
)
def test_settings_without_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="|".join(wrong)):
        SightingSettings(**wrong)


def test_file_holds_every_sighting_with_its_thumbnail(tmp_path: Path) -> None:
    sightings = track([*times(20, (POLYP, 0.9), (OTHER, 0.8))])
    path = tmp_path / "a.sightings.json"
    write_sightings(path, sightings, recording="a.mp4", settings={"gap_s": 1.0})
    written = json.loads(path.read_text())
    assert written["recording"] == "a.mp4"
    assert [each["number"] for each in written["sightings"]] == [1, 2]
    first = written["sightings"][0]
    assert first["first"] == {"index": 0, "seconds": 0.0}
    assert first["last"] == {"index": 19, "seconds": 0.76}
    assert first["peak"]["box"] == list(sightings[0].box)
    assert first["thumbnail"]["jpeg_base64"].startswith("/9j/")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_no_more_than_the_sightings_is_kept() -> None:
    tracker = SightingTracker(QUICK)
    endless = islice(repeat(mask_of([(POLYP, 0.9)])), 2000)
    for index, mask in enumerate(endless):
        tracker.update(Frame(index, index, Fraction(1, 25), PICTURE, 0.0), mask)
    assert len(tracker.finish()) == 1
