"""Delays and losses out of what a sender and a screen noted."""

import pytest

from stream.loopback.reckoning import reckon
from stream.loopback.witness import Seen

ROUND = 5
"""Numbers come again after so many pictures."""

SENT = [10.0 + 0.1 * place for place in range(20)]


def seen(place, delay=0.02, masked=None, number=None):
    """A picture shown so much later than it was sent; frames are counted from 100 on."""
    number = place % ROUND if number is None else number
    if masked is None:
        return Seen(SENT[place] + delay, number, 100 + place, None, "AI OFF")
    return Seen(SENT[place] + delay, number, 100 + place, 100 + masked)


def reckoned(shown, start=10.0, end=12.0):
    return reckon(SENT, shown, ROUND, start, end)


def test_each_picture_is_known_by_its_number_through_all_rounds():
    found = reckoned([seen(place) for place in range(20)])
    assert (found.sent, found.lost, found.unreadable) == (20, 0, 0)
    assert found.display == pytest.approx([0.02] * 20)
    assert found.annotation == ()
    assert found.without_mask == {"AI OFF": 20}


def test_a_picture_that_is_never_shown_is_lost():
    found = reckoned([seen(place) for place in range(20) if place not in (3, 4, 11)])
    assert found.lost == 3
    assert len(found.display) == 17


def test_a_mask_answers_its_picture_and_all_before_it():
    found = reckoned([seen(0), seen(1), seen(2), seen(3, masked=1), seen(4, masked=1)], end=10.15)
    assert found.sent == 2
    assert found.annotation == pytest.approx([0.32, 0.22])


def test_what_comes_before_and_after_the_time_does_not_count():
    found = reckoned([seen(place, masked=max(0, place - 1)) for place in range(20)], 11.0, 11.5)
    assert (found.sent, len(found.display), len(found.annotation)) == (5, 5, 5)
    assert found.annotation == pytest.approx([0.12] * 5)
    assert found.without_mask == {}


def test_a_number_that_cannot_be_read_is_no_picture():
    shown = [seen(place) for place in range(20)]
    shown[7] = Seen(shown[7].at, None, 107, None)
    found = reckoned(shown)
    assert (found.lost, found.unreadable) == (1, 1)


def test_a_picture_that_was_shown_late_is_not_taken_for_the_next_of_its_number():
    found = reckoned([seen(0), seen(1, delay=0.45)], end=10.15)
    assert found.display == pytest.approx([0.02, 0.45])


def test_a_mask_of_a_frame_that_was_not_seen_answers_nothing():
    found = reckoned([seen(5, masked=2)])
    assert found.annotation == ()
