"""What waits to go out: little, the newest, at a pace, and only what is wanted."""

import threading
from itertools import pairwise

from stream.outlet.waiting import Waiting
from tests.stream.live.made import Clock


def waiting(backlog=1, period_s=0.0):
    clock = Clock()
    return Waiting(backlog, period_s, clock), clock


def taken(waits):
    """Everything that is due, as (room, frame)."""
    found = []
    while (item := waits.take()) is not None:
        room, make = item
        found.append((room, make()))
    return found


def test_nothing_goes_out_until_it_is_wanted_then_the_latest_does():
    waits, _ = waiting()
    waits.put(0, lambda: "one")
    waits.put(0, lambda: "two")
    assert taken(waits) == []
    waits.want({0})
    assert taken(waits) == [(0, "two")]
    assert waits.dropped[0] == 0


def test_only_rooms_that_are_wanted_go_out():
    waits, _ = waiting()
    waits.want({1})
    waits.put(0, lambda: "a")
    waits.put(1, lambda: "b")
    assert taken(waits) == [(1, "b")]
    waits.put(1, lambda: "c")
    waits.want(())
    assert taken(waits) == []


def test_who_comes_later_gets_the_picture_that_stands():
    waits, _ = waiting()
    waits.want({0})
    waits.put(0, lambda: "still")
    assert taken(waits) == [(0, "still")]
    waits.want(())
    waits.want({0})
    assert taken(waits) == [(0, "still")]


def test_the_oldest_makes_room_and_is_counted():
    waits, _ = waiting(backlog=2)
    waits.want({0})
    for frame in "abc":
        waits.put(0, lambda frame=frame: frame)
    assert taken(waits) == [(0, "b"), (0, "c")]
    assert waits.dropped[0] == 1


def test_a_pace_is_kept_and_the_newest_goes_out_when_its_time_comes():
    waits, clock = waiting(period_s=1 / 15)
    waits.want({0})
    sent = []
    for number in range(60):  # a second at 60 frames
        waits.put(0, lambda number=number: number)
        sent += [(clock.now, frame) for _, frame in taken(waits)]
        clock.pass_(1 / 60)
    assert 14 <= len(sent) <= 16
    gaps = [after - before for (before, _), (after, _) in pairwise(sent)]
    assert min(gaps) > 1 / 15 - 1 / 60 - 1e-6  # a frame late, and then on time
    assert all(frame == round((at - 100) * 60) for at, frame in sent)


def test_what_could_not_go_out_is_the_next_unless_something_newer_came():
    waits, _ = waiting()
    waits.want({0})
    waits.put(0, lambda: "old")
    room, make = waits.take()
    waits.give_back(room, make)
    room, make = waits.take()
    assert make() == "old"
    waits.put(0, lambda: "new")
    waits.give_back(room, make)
    assert taken(waits) == [(0, "new")]
    assert waits.dropped[0] == 1


def test_a_word_on_a_subject_takes_the_place_of_the_one_before():
    waits, _ = waiting()
    waits.say("figures", 1)
    waits.say("figures", 2)
    waits.say("else", 3)
    assert waits.words() == [2, 3]
    assert waits.words() == []


def test_whoever_rests_is_woken_by_what_comes():
    for cause in (
        lambda waits: waits.say("a", 1),
        lambda waits: waits.put(0, lambda: "frame"),
        lambda waits: waits.want({1}),
        lambda waits: waits.wake(),
    ):
        waits = Waiting(1, 0.0)
        waits.want({0})
        waits.put(1, lambda: "frame")
        rested = threading.Event()

        def rest(waits=waits, rested=rested):
            waits.rest(1e6)
            rested.set()

        threading.Thread(target=rest, daemon=True).start()
        assert not rested.wait(0.02)
        cause(waits)
        assert rested.wait(60)
