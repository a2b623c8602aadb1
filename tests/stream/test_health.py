"""The states of a source, by times that are passed in."""

from stream.health import Event, Health, Patience, State
from stream.signal import Signal

PATIENCE = Patience(stalled_s=1, no_signal_s=2, frozen_s=3)


def live(at: float = 0.0) -> Health:
    health = Health(at, PATIENCE)
    health.began(at, "64x48")
    health.pictured(at, Signal.PICTURE)
    return health


def test_the_first_picture_makes_it_live():
    health = Health(5.0, PATIENCE)
    assert health.state is State.CONNECTING
    assert health.began(6.0, "64x48 h264").segment == 1
    event = health.pictured(6.0, Signal.PICTURE)
    assert event == Event(6.0, State.LIVE, State.CONNECTING, "pictures arrive", 1)
    assert (health.state, health.since) == (State.LIVE, 6.0)


def test_a_state_that_goes_on_is_no_event():
    health = live()
    assert health.pictured(0.1, Signal.PICTURE) is None


def test_black_has_to_last_before_it_is_no_signal():
    health = live()
    assert health.pictured(1.0, Signal.BLACK) is None
    assert health.pictured(2.9, Signal.ONE_COLOUR) is None
    event = health.pictured(3.0, Signal.BLACK)
    assert event == Event(3.0, State.NO_SIGNAL, State.LIVE, "black", 1)


def test_one_picture_between_starts_the_count_again():
    health = live()
    health.pictured(1.0, Signal.BLACK)
    health.pictured(2.0, Signal.PICTURE)
    assert health.pictured(3.5, Signal.BLACK) is None
    assert health.state is State.LIVE


def test_bars_where_a_picture_was_awaited_are_no_signal_at_once():
    health = Health(0.0, PATIENCE)
    assert health.pictured(1.0, Signal.BARS).state is State.NO_SIGNAL
    assert health.pictured(1.1, Signal.PICTURE).state is State.LIVE


def test_identical_pictures_are_frozen_after_a_while_and_live_when_they_move():
    health = live()
    assert health.pictured(1.0, Signal.SAME) is None
    assert health.pictured(4.0, Signal.SAME).state is State.FROZEN
    assert health.pictured(4.1, Signal.PICTURE).state is State.LIVE


def test_without_a_picture_it_is_stalled_and_the_next_one_makes_it_live():
    health = live()
    assert health.passed(0.9) is None
    assert health.passed(1.0) == Event(1.0, State.STALLED, State.LIVE, "no picture for 1 s", 1)
    assert health.passed(2.0) is None
    assert health.pictured(2.1, Signal.PICTURE).before is State.STALLED


def test_before_the_first_picture_it_is_connecting_however_long_it_takes():
    health = Health(0.0, PATIENCE)
    assert health.passed(1000.0) is None
    assert health.state is State.CONNECTING


def test_a_lost_connection_is_made_again_in_a_new_segment():
    health = live()
    assert health.lost(1.0, "the sender is gone").state is State.RECONNECTING
    assert health.passed(100.0) is None
    assert health.began(101.0, "64x48").segment == 2
    event = health.pictured(101.0, Signal.SAME)
    assert (event.state, event.segment) == (State.LIVE, 2)


def test_what_ended_is_over():
    health = live()
    assert health.ended(2.0, "the file is at its end").state is State.ENDED
    assert health.passed(100.0) is None


def test_a_change_of_size_is_an_event_of_its_own():
    health = live()
    event = health.began(1.0, "1280x720")
    assert (event.state, event.before, event.segment) == (State.LIVE, State.LIVE, 2)
