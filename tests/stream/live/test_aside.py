"""Telling that may hang, fail, or find nobody to tell: the run does not notice."""

import threading

import pytest

from stream.live.aside import MOST_WAITING, Aside
from stream.stats import LiveFigures

FIGURES = LiveFigures(1.0, "fixed:", 0.01, ())
PATIENCE_S = 60.0


class Keeper:
    """Keeps what it is told, and does something else first."""

    def __init__(self, first=lambda: None):
        self.told, self._first = [], first

    def say(self, line):
        self._first()
        self.told.append(line)

    def show(self, figures):
        self.told.append(figures)

    def end(self, figures):
        self.told.append("the end")


def test_everything_is_told_in_order_before_the_end_returns():
    keeper = Keeper()
    aside = Aside(keeper)
    aside.say("one")
    aside.show(FIGURES)
    aside.say("two")
    aside.end(FIGURES)
    assert keeper.told == ["one", FIGURES, "two", "the end"]


def test_a_terminal_that_takes_nothing_keeps_nobody_waiting():
    stopped = threading.Event()
    keeper = Keeper(first=lambda: stopped.wait(PATIENCE_S))
    aside = Aside(keeper)
    for number in range(3 * MOST_WAITING):
        aside.say(str(number))
    stopped.set()
    aside.end(FIGURES)
    assert len(keeper.told) <= MOST_WAITING + 2
    assert keeper.told[-2:] == [str(3 * MOST_WAITING - 1), "the end"]


def test_a_pipe_that_nobody_reads_ends_the_telling_and_not_the_run():
    def broken():
        raise BrokenPipeError

    aside = Aside(Keeper(first=broken))
    aside.say("one")
    aside.end(FIGURES)
    aside.show(FIGURES)
    assert aside.problem is None


def test_a_fault_of_the_telling_reaches_the_run():
    def faulty():
        raise ZeroDivisionError

    aside = Aside(Keeper(first=faulty))
    aside.say("one")
    aside.end(FIGURES)
    with pytest.raises(ZeroDivisionError):
        aside.show(FIGURES)
