"""Every picture is painted, passed over, under way, or waits; the newest one is never lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.live.window.newest import MOST_UNDER_WAY, Newest
from stream.ring import bytes_of
from tests.stream.live.made import Clock
from tests.stream.live.window.pictures import shown

SLOT = bytes_of(shown().shown.picture)

STEPS = st.lists(st.sampled_from(["offer", "offer", "take", "paint", "skip", "anew"]), max_size=40)


@given(steps=STEPS)
def test_the_newest_picture_goes_next_and_every_other_one_is_counted(steps):
    newest, offered = Newest(Clock()), 0
    waiting, latest, under_way, painted, passed_over = None, None, 0, 0, 0
    for step in steps:
        if step == "offer":
            passed_over += waiting is not None
            waiting, offered = offered, offered + 1
            newest.offer(shown(waiting))
        elif step == "take":
            taken = newest.take(SLOT)
            if waiting is None or under_way == MOST_UNDER_WAY:
                assert taken is None
            else:
                assert taken.frame.index == waiting
                waiting, latest, under_way = None, waiting, under_way + 1
        elif step == "anew":
            waiting, under_way = latest if waiting is None else waiting, 0
            newest.begin_anew()
        elif under_way:
            under_way -= 1
            painted, passed_over = painted + (step == "paint"), passed_over + (step == "skip")
            newest.done(0.0, 1.0 if step == "paint" else None)
        figures = newest.figures(is_open=True)
        assert (figures.painted, figures.passed_over) == (painted, passed_over)


def test_a_larger_picture_waits_until_no_other_is_under_way():
    newest = Newest(Clock())
    newest.offer(shown(0))
    newest.take(SLOT)
    newest.offer(shown(1))
    assert newest.take(SLOT - 1) is None
    newest.done(0.0, 1.0)
    assert newest.take(SLOT - 1).frame.index == 1


def test_it_is_known_how_long_nothing_became_of_what_is_under_way():
    clock = Clock()
    newest = Newest(clock)
    newest.offer(shown(0))
    clock.pass_(5.0)
    assert newest.stuck_for() == 0.0
    newest.take(SLOT)
    newest.offer(shown(1))
    clock.pass_(1.0)
    newest.take(SLOT)
    assert newest.stuck_for() == 1.0
    newest.done(0.0, clock())
    assert newest.stuck_for() == 0.0
    clock.pass_(2.0)
    assert newest.stuck_for() == 2.0
    newest.begin_anew()
    assert newest.stuck_for() == 0.0


def test_the_delay_is_from_the_arrival_to_the_screen():
    newest = Newest(Clock())
    for index in range(3):
        newest.offer(shown(index))
        newest.take(SLOT)
        newest.done(10.0, 10.0 + index)
    assert newest.figures(is_open=True).delay.p50 == pytest.approx(1.0)
    assert newest.figures(is_open=True).delay.max == pytest.approx(2.0)
