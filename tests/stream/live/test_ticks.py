"""Frames for the engine: the newest of every room at once, or one room's batch."""

import threading

import pytest

from stream.health import State
from stream.live.room import Room
from stream.live.settings import LiveSettings
from stream.live.sync import SyncRoom
from stream.live.ticks import Ticks, gatherer
from tests.stream.live.made import FACTS, event, frame


def rooms(kind, count, **settings):
    made = [kind(f"room {number}", LiveSettings(**settings)) for number in range(count)]
    for room in made:
        room.engine_ready(FACTS)
        room.turn(event("LIVE", before=State.CONNECTING))
    return made


def indices(batch):
    return [(name, each.index) for name, each in batch]


def test_a_tick_takes_the_newest_frame_of_every_room_that_has_a_new_one():
    one, two, three = rooms(Room, 3)
    gather = gatherer([one, two, three])
    for index in range(3):
        one.take(frame(index, 1.0))
    three.take(frame(7, 1.0))
    batch, again_at = gather(2.0)
    assert indices(batch) == [("room 0", 2), ("room 2", 7)]
    assert again_at is None
    two.take(frame(1, 1.0))
    assert indices(gather(2.0)[0]) == [("room 1", 1)]
    assert gather(2.0) == ([], None)


def test_a_room_that_is_not_live_is_left_out():
    one, two = rooms(Room, 2)
    one.take(frame(0, 1.0))
    two.take(frame(0, 1.0))
    one.turn(event("NO SIGNAL"))
    assert indices(gatherer([one, two])(2.0)[0]) == [("room 1", 0)]


def test_in_sync_the_room_whose_batch_is_due_for_longest_goes_alone():
    one, two = rooms(SyncRoom, 2, sync=True, batch=2, max_wait_ms=100.0)
    gather = gatherer([one, two])
    one.take(frame(0, 10.00))
    two.take(frame(0, 10.01))
    batch, again_at = gather(10.02)
    assert batch == []
    assert again_at == pytest.approx(10.10)
    two.take(frame(1, 10.03))  # full
    assert indices(gather(10.04)[0]) == [("room 1", 0), ("room 1", 1)]
    assert indices(gather(10.11)[0]) == [("room 0", 0)]
    assert gather(10.12) == ([], None)


def test_what_fails_in_the_thread_is_kept_for_the_main_one():
    asked = threading.Event()

    class Free:
        free = True

    def gather(now):
        asked.set()
        raise LookupError("no such room")

    ticks = Ticks(gather, Free())
    ticks.start()
    ticks.wake()
    assert asked.wait(60)
    ticks.close()
    assert isinstance(ticks.problem, LookupError)
