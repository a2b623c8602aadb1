"""Times that always go forward."""

from fractions import Fraction
from itertools import pairwise

from stream.source.timeline import (
    JUMPED_BACK,
    LEAPT_AHEAD,
    NO_TIME,
    REPEATED,
    TOO_FAR,
    TimeLine,
)
from stream.tally import Tally


def place(times, time_base=Fraction(1, 1000), rate=Fraction(25)):
    warnings = Tally()
    line = TimeLine(time_base, rate, warnings)
    return [line.place(pts) for pts in times], warnings.counts


def test_times_that_go_forward_stay_as_they_are():
    times = [-80, -40, 0, 33, 34, 5000]
    assert place(times) == (times, {})


def test_a_missing_time_follows_by_one_frame():
    assert place([None, None, 200, None]) == ([0, 40, 200, 240], {NO_TIME: 3})


def test_a_repeated_time_moves_by_one_unit_and_leaves_the_others():
    placed, counts = place([0, 40, 40, 40, 80])
    assert placed == [0, 40, 41, 42, 80]
    assert counts == {REPEATED: 2}


def test_a_small_step_back_moves_until_times_fit_again():
    placed, counts = place([0, 40, 80, 40, 80, 120])
    assert placed == [0, 40, 80, 81, 82, 120]
    assert counts == {REPEATED: 2}


def test_a_jump_back_begins_anew_behind_what_came_before():
    placed, counts = place([5000, 5040, 0, 40, 80])
    assert placed == [5000, 5040, 5080, 5120, 5160]
    assert counts == {JUMPED_BACK: 1}


def test_one_wild_time_does_not_move_what_follows():
    placed, counts = place([5000, 5040, 3, 5120, 5160])
    assert placed == [5000, 5040, 5080, 5120, 5160]
    assert counts == {JUMPED_BACK: 1}


def test_the_shift_after_a_jump_is_known_to_the_sound():
    line = TimeLine(Fraction(1, 1000), Fraction(25), Tally())
    for pts in (5000, 5040, 0):
        line.place(pts)
    assert line.offset_seconds == Fraction(5080, 1000)


def place_ahead(times, time_base=Fraction(1, 1000)):
    warnings = Tally()
    line = TimeLine(time_base, Fraction(25), warnings)
    placed = [line.place(pts, then) for pts, then in pairwise([*times, None])]
    return placed, warnings.counts


def test_one_frame_that_leaps_ahead_is_set_between_its_neighbours():
    placed, counts = place_ahead([0, 40, 93_000, 120, 160])
    assert placed == [0, 40, 80, 120, 160]
    assert counts == {LEAPT_AHEAD: 1}


def test_a_gap_in_the_recording_stays_a_gap():
    times = [0, 40, 93_000, 93_040]
    assert place_ahead(times) == (times, {})


def test_a_leap_that_no_recording_can_hold_is_closed():
    placed, counts = place_ahead([0, 40, 2**33, 2**33 + 40])
    assert placed == [0, 40, 80, 120]
    assert counts == {TOO_FAR: 1}


def test_a_first_frame_that_leaps_ahead_is_set_before_the_second():
    placed, counts = place_ahead([93_000, 40, 80])
    assert placed == [0, 40, 80]
    assert counts == {LEAPT_AHEAD: 1}
