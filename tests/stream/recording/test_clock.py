"""One clock for packets and frames, over reconnects, leaps and all day."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.recording.clock import Clock, Hand, unit_of

MS90 = Fraction(1, 90000)


@pytest.mark.parametrize(
    ("time_base", "unit"),
    [
        (Fraction(1, 90000), Fraction(1, 90000)),
        (Fraction(1, 25), Fraction(1, 90000)),
        (Fraction(1001, 30000), Fraction(1, 90000)),
        (Fraction(1, 12800), Fraction(1, 102400)),
        (Fraction(1, 1_000_000), Fraction(1, 1_000_000)),
        (Fraction(1, 1_000_000_000), Fraction(1, 1_000_000)),
    ],
)
def test_a_sources_times_are_whole_in_the_recordings_unit(time_base, unit):
    assert unit_of(time_base) == unit


def clock_and_hands(started=0.0):
    clock = Clock(MS90, started)
    return clock, Hand(clock), Hand(clock)


def test_a_recording_begins_at_zero_and_keeps_the_sources_steps():
    _, hand, _ = clock_and_hands(started=100.0)
    source = [Fraction(500) + step * Fraction(1001, 30000) for step in (0, 1, 2, 5)]
    jitter = (0.0, 0.08, 0.05, 0.2)
    ticks = [hand.at(time, 100.0 + late) for time, late in zip(source, jitter, strict=True)]
    assert ticks == [0, 3003, 6006, 15015]
    assert hand.mended == 0


def test_packets_and_frames_of_the_same_time_get_the_same_ticks():
    _, packets, frames = clock_and_hands()
    ahead = [packets.at(Fraction(7) + Fraction(n, 25), n / 25) for n in range(10)]
    behind = [frames.at(Fraction(7) + Fraction(n, 25), n / 25 + 0.1) for n in range(10)]
    assert ahead == behind


def test_a_new_connection_goes_on_at_its_arrival():
    clock, hand, _ = clock_and_hands()
    assert hand.at(Fraction(50), 0.0) == 0
    assert hand.at(Fraction(51), 1.0) == 90000
    clock.begin_anew()
    assert hand.at(Fraction(3), 5.0) == 5 * 90000
    assert hand.at(Fraction(4), 6.0) == 6 * 90000
    assert hand.mended == 0


def test_frames_of_before_are_told_from_frames_of_after():
    clock, packets, frames = clock_and_hands()
    packets.at(Fraction(50), 0.0)
    frames.at(Fraction(50), 0.1)
    packets.at(Fraction(51), 1.0)
    clock.begin_anew()
    packets.at(Fraction(3), 1.05)
    assert frames.at(Fraction(51), 1.1) == 90000
    assert frames.at(Fraction(3), 1.15) == round(1.05 * 90000)


@pytest.mark.parametrize("leap", [Fraction(-5), Fraction(3600), Fraction(0)])
def test_a_source_that_leaps_is_mended_by_its_arrival(leap):
    _, hand, _ = clock_and_hands()
    hand.at(Fraction(10), 0.0)
    hand.at(Fraction(11), 1.0)
    assert hand.at(Fraction(11) + leap, 1.5) == 135000
    assert hand.at(Fraction(12) + leap, 2.5) == 225000
    assert hand.mended == 1


def test_a_burst_is_no_leap():
    _, hand, _ = clock_and_hands()
    assert [hand.at(Fraction(n), 0.0) for n in range(8)] == [n * 90000 for n in range(8)]
    assert hand.mended == 0


def test_a_drifting_source_is_followed_all_day():
    _, hand, _ = clock_and_hands()
    ticks = [hand.at(Fraction(n), n * 1.0002) for n in range(0, 36000, 50)]
    assert ticks == list(range(0, 36000 * 90000, 50 * 90000))
    assert hand.mended == 0


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(-20_000, 20_000),
            st.floats(0, 5),
            st.booleans(),
            st.booleans(),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_time_never_goes_back_whatever_a_source_says(steps):
    clock, *hands = clock_and_hands()
    source, arrived = Fraction(100), 0.0
    ticks = {True: [], False: []}
    for step, waited, anew, which in steps:
        source, arrived = source + Fraction(step, 1000), arrived + waited
        if anew:
            clock.begin_anew()
        ticks[which].append(hands[which].at(source, arrived))
    for each in ticks.values():
        assert all(later > earlier for earlier, later in pairwise(each))
