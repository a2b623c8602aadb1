"""What the report's page is made of: curve, stretches, time line, words."""

import numpy as np
import pytest

from stream.quality import Fault
from stream.report import chart, words
from stream.report.curve import MOST_BINS, Curve
from stream.report.stretches import Stretch, Stretches


def test_curve_keeps_the_largest_value_of_each_stretch_of_time():
    curve = Curve()
    for index in range(100):
        curve.add(index / 25, float(index == 51))
    assert np.flatnonzero(curve.values).tolist() == [20]
    assert len(curve.values) == 40


def test_curve_of_any_length_stays_small_and_loses_no_peak():
    curve = Curve()
    for index in range(100_000):
        curve.add(index / 10, 0.5 if index == 77_777 else 0.0)
    assert MOST_BINS / 2 <= len(curve.values) <= MOST_BINS
    assert curve.values.max() == 0.5
    assert int(np.argmax(curve.values)) == int(7777.7 / curve.width_s)


def test_value_holds_until_the_next_one():
    curve = Curve()
    for second, value in enumerate((0.1, 0.2, 0.0, 0.0)):
        curve.add(float(second), value)
    assert set(curve.values[:10]) == {0.1}
    assert set(curve.values[11:20]) == {0.2}
    assert set(curve.values[21:]) == {0.0}


def looks(*parts):
    stretches, index = Stretches(), 0
    for fault, count in parts:
        for _ in range(count):
            stretches.add(index / 10, fault)
            index += 1
    return stretches.finish(index / 10)


def test_looks_that_agree_are_one_stretch():
    found = looks((None, 10), (Fault.BLURRED, 20), (None, 5), (Fault.DARK, 10))
    assert found == [Stretch(Fault.BLURRED, 1.0, 3.0), Stretch(Fault.DARK, 3.5, 4.5)]


def test_blinks_are_no_stretches_and_do_not_part_one():
    assert looks((None, 10), (Fault.BLURRED, 4), (None, 10)) == []
    (found,) = looks((Fault.BLURRED, 20), (None, 3), (Fault.BLURRED, 20))
    assert (found.start, found.end) == (0.0, 4.3)
    (found,) = looks((Fault.BLURRED, 20), (Fault.DARK, 3), (Fault.BLURRED, 20))
    assert (found.start, found.end) == (0.0, 4.3)


def test_faults_that_alternate_keep_no_more_than_the_stretches():
    stretches = Stretches()
    for index in range(5000):
        stretches.add(index / 25, Fault.BLURRED if index % 100 < 5 else None)
    assert stretches.finish(200.0) == []


@pytest.mark.parametrize(
    ("first", "last", "ticks"),
    [
        (0.0, 0.04, [0.0]),
        (0.0, 4.0, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]),
        (3.2, 11.0, [4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]),
        (-1.0, 3.0, [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]),
        (0.0, 3600.0, [600.0 * n for n in range(7)]),
        (0.0, 1e6, [93600.0 * n for n in range(11)]),
    ],
)
def test_ticks_are_round_and_few(first, last, ticks):
    assert chart.Scale(first, last).ticks() == ticks


def test_everything_on_the_time_line_lies_within_it():
    scale = chart.Scale(10.0, 20.0)
    assert (scale.x(0), scale.x(10), scale.x(15), scale.x(99)) == (0, 0, 500, 1000)
    bar = scale.bar(19.99, 20.0)
    assert bar.width == chart.NARROWEST
    assert bar.x + bar.width <= chart.WIDTH


def test_recording_of_one_frame_has_a_time_line():
    curve = Curve()
    curve.add(0.0, 0.3)
    scale = chart.Scale(5.0, 5.0)
    assert scale.ticks() == [5.0]
    assert chart.curve_path(curve, scale).startswith("M0 90")


@pytest.mark.parametrize(("area", "top"), [(0.0, 0.01), (0.015, 0.02), (0.3, 0.5), (0.9, 1.0)])
def test_area_axis_ends_at_a_round_share(area, top):
    curve = Curve()
    curve.add(0.0, area)
    assert chart.curve_top(curve) == top


def test_path_is_empty_where_nothing_was_found_and_bounded_where_all_was():
    curve, scale = Curve(), chart.Scale(0.0, 1000.0)
    for index in range(10_000):
        curve.add(index / 10, 0.0)
    assert chart.curve_path(curve, scale) == ""
    for index in range(10_000, 20_000):
        curve.add(index / 10, (index % 97) / 97)
    assert len(chart.curve_path(curve, scale)) < 40 * MOST_BINS


@pytest.mark.parametrize(
    ("seconds", "clock", "span"),
    [
        (0, "0:00.0", "0.0 s"),
        (7.24, "0:07.2", "7.2 s"),
        (59.96, "1:00.0", "1 min"),
        (252, "4:12.0", "4 min 12 s"),
        (3723.4, "1:02:03.4", "1 h 2 min"),
        (-1.5, "-0:01.5", "-1.5 s"),
    ],
)
def test_times_read_as_people_write_them(seconds, clock, span):
    assert words.clock(seconds) == clock
    assert words.span(seconds).replace("\u00a0", " ") == span


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "0 %"),
        (0.0004, "< 0.1 %"),
        (0.034, "3.4 %"),
        (0.5, "50 %"),
        (0.9999, "> 99.9 %"),
        (1, "100 %"),
    ],
)
def test_shares_never_say_none_or_all_where_it_is_not_so(share, said):
    assert words.percent(share).replace("\u00a0", " ") == said
