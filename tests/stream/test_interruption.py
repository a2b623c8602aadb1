"""A signal's way to whoever has to close what is open."""

import os
import signal
import sys
import time

import pytest

from nets.errors import DivergentError
from stream.interruption import AGAIN_S, Interrupted, interruptible


class SignalsWhenItGoes:
    """Python ignores what is raised in a destructor, and says so."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)  # here the handler runs


def test_a_signal_that_comes_where_exceptions_are_ignored_is_not_lost():
    before = sys.unraisablehook
    with pytest.raises(Interrupted) as caught, interruptible():
        SignalsWhenItGoes()
        time.sleep(5)
    assert caught.value.status == 143
    assert sys.unraisablehook is before


def test_what_else_is_ignored_is_told_as_ever(monkeypatch):
    class RaisesWhenItGoes:
        def __del__(self) -> None:
            raise ValueError

    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: told.append(it.exc_type))
    with interruptible():
        RaisesWhenItGoes()
    assert told == [ValueError]


def test_an_exception_that_a_library_makes_of_a_signal_is_an_interruption():
    with pytest.raises(Interrupted) as caught, interruptible():
        try:
            signal.raise_signal(signal.SIGINT)
        except Interrupted as interrupted:
            raise ValueError("a schema cannot be built: Interrupted") from interrupted
    assert caught.value.status == 130


@pytest.mark.parametrize("problem", [ValueError("our own"), DivergentError("the disk is full")])
def test_what_goes_wrong_by_itself_stays_what_it_is(problem):
    with pytest.raises(type(problem)), interruptible():
        raise problem


def test_what_cannot_be_closed_after_a_signal_is_told():
    with pytest.raises(DivergentError), interruptible():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            raise DivergentError("the disk is full")


def test_a_signal_that_was_ignored_is_not_raised_after_the_end():
    reached: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: reached.append(number))
    try:
        with interruptible():
            SignalsWhenItGoes()
        time.sleep(5 * AGAIN_S)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not reached
