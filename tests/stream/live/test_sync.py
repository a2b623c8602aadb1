"""In sync: each frame with its own mask, in order, and never a picture that waits for ever."""

import pytest

from stream.health import State
from stream.live.settings import LiveSettings
from stream.live.sync import TOO_SLOW, SyncRoom
from tests.stream.live.made import FACTS, Clock, Keeper, answer_to, event, frame


class Set:
    """A room in sync, with a clock and a screen."""

    def __init__(self, **settings):
        self.clock, self.screen = Clock(), Keeper()
        given = {"sync": True, "persistence_s": 0.0} | settings
        self.room = SyncRoom("room", LiveSettings(**given), clock=self.clock)
        self.room.showing.branches.append(self.screen)
        self.room.engine_ready(FACTS)
        self.room.turn(event("LIVE", self.clock.now, before=State.CONNECTING))
        self.index = -1

    def arrive(self, times=1, after=0.04):
        for _ in range(times):
            self.clock.pass_(after)
            self.index += 1
            self.room.take(frame(self.index, self.clock.now))


def test_a_frame_is_shown_with_its_own_mask_when_the_answer_is_there():
    it = Set()
    it.arrive()
    assert it.screen.shown == []
    (asked,) = it.room.ask()
    it.clock.pass_(0.4)  # later than any other mask may be
    it.room.answer(answer_to(asked))
    (shown,) = it.screen.shown
    assert shown.frame is asked
    assert shown.prediction.frame_index == asked.index
    assert shown.mask_age_s == pytest.approx(0.4)
    assert shown.notice == ""


def test_a_batch_is_due_when_it_is_full_or_its_first_frame_has_waited():
    it = Set(batch=3, max_wait_ms=100.0)
    assert it.room.due_at() is None
    it.arrive()
    first = it.clock.now
    assert it.room.due_at() == pytest.approx(first + 0.1)
    it.arrive(2, after=0.01)
    assert it.room.due_at() == first
    assert [each.index for each in it.room.ask()] == [0, 1, 2]
    assert it.room.due_at() is None


def test_frames_of_a_batch_are_shown_in_order():
    it = Set(batch=3)
    it.arrive(3)
    for asked in it.room.ask():
        it.room.answer(answer_to(asked))
    assert it.screen.indices == [0, 1, 2]
    assert it.screen.notices == ["", "", ""]


def test_where_the_engine_is_too_slow_the_oldest_frames_are_dropped_and_counted():
    it = Set(batch=2)
    it.arrive(2)
    asked = it.room.ask()
    it.arrive(5)
    assert it.room.dropped == {TOO_SLOW: 3}
    for each in (*asked, *it.room.ask()):
        it.room.answer(answer_to(each))
    assert it.screen.indices == [0, 1, 5, 6]


def test_an_answer_that_is_missing_does_not_hold_up_those_behind_it():
    it = Set(batch=3)
    it.arrive(3)
    _, _, last = it.room.ask()
    it.room.answer(answer_to(last))
    assert it.screen.indices == [0, 1, 2]
    assert it.screen.notices == ["AI OFF - no answer", "AI OFF - no answer", ""]


def test_what_waits_for_an_engine_that_is_lost_is_shown_at_once_and_what_comes_too():
    it = Set(batch=2)
    it.arrive(2)
    it.room.ask()
    it.arrive()
    it.room.engine_lost()
    it.arrive()
    assert it.screen.indices == [0, 1, 2, 3]
    assert set(it.screen.notices) == {"AI OFF - restarting"}
    it.room.engine_ready(FACTS)
    it.arrive()
    (asked,) = it.room.ask()
    it.room.answer(answer_to(asked))
    assert it.screen.notices[-1] == ""


def test_the_picture_goes_on_when_the_engine_is_silent():
    it = Set(max_wait_ms=0.0)
    it.arrive()
    (asked,) = it.room.ask()
    it.arrive()
    it.clock.pass_(0.9)
    it.room.refresh()
    assert it.screen.indices == []
    it.clock.pass_(0.2)
    it.room.refresh()
    it.arrive()
    assert it.screen.indices == [0, 1, 2]
    it.room.answer(answer_to(asked))  # shown already
    assert it.screen.indices == [0, 1, 2]
    it.room.resume()  # the engine is free again
    it.arrive()
    (asked,) = it.room.ask()
    it.room.answer(answer_to(asked))
    assert it.screen.notices == ["AI OFF - no answer"] * 3 + [""]


def test_a_source_that_stops_leaves_nothing_waiting():
    it = Set(batch=4)
    it.arrive(2)
    it.room.turn(event("STALLED", it.clock.now))
    assert it.screen.indices[:2] == [0, 1]
    assert it.room.waiting == 0


def test_with_another_picture_what_waits_of_the_one_before_is_shown_first():
    it = Set(batch=2)
    it.arrive(2)
    it.room.ask()
    it.arrive()
    it.room.turn(event("LIVE", it.clock.now, segment=2))
    assert it.screen.indices == [0, 1, 2]
    assert it.room.waiting == 0
