"""Counted warnings."""

from stream.tally import Tally


def test_a_warning_is_said_once_and_counted():
    said = []
    tally = Tally(said.append)
    tally.add("damaged")
    tally.add("moved", 3)
    tally.add("damaged")
    assert said == ["damaged", "moved"]
    assert tally.counts == {"damaged": 2, "moved": 3}
    assert tally.lines() == ["damaged (2 times)", "moved (3 times)"]


def test_a_warning_that_came_once_stands_without_a_count():
    tally = Tally()
    tally.add("odd size")
    assert tally.lines() == ["odd size"]
