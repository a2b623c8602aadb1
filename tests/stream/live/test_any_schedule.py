"""Rooms under any schedule of arrivals, answers, breaks and failures: in order, and all counted."""

import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.health import State
from stream.live.room import Room
from stream.live.settings import LiveSettings
from stream.live.sync import SyncRoom
from tests.stream.live.made import FACTS, SIZE, Clock, Keeper, answer_to, event, frame

LIMIT_S = 0.25
SMALL, OTHER = (64, 48), (48, 48)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.sampled_from([SMALL] * 5 + [OTHER])),
        st.tuples(st.just("arrive"), st.just(SMALL)),
        st.tuples(st.just("ask"), st.none()),
        st.tuples(st.just("answer"), st.sampled_from(["settled", "settled", "moved", "none"])),
        st.tuples(st.just("wait"), st.sampled_from([0.001, 0.02, 0.02, 0.1, 0.3, 2.0])),
        st.tuples(st.just("turn"), st.sampled_from([State.LIVE, State.LIVE, *State])),
        st.tuples(st.just("reconnect"), st.none()),
        st.tuples(st.just("lose"), st.none()),
        st.tuples(st.just("ready"), st.none()),
        st.tuples(st.just("refresh"), st.none()),
    ),
    max_size=60,
)


class Play:
    """Does the steps as capture, engine and main thread would, one after another."""

    def __init__(self, kind, **settings):
        self.clock, self.recorder, self.screen = Clock(), Keeper(), Keeper()
        self.room = kind(
            "room",
            LiveSettings(persistence_s=0.0, **settings),
            clock=self.clock,
        )
        self.room.showing.branches.append(self.recorder)
        self.room.showing.screens.append(self.screen)
        self.arrived, self.asked, self.segment, self.began = [], [], 1, [0]
        self.ready(None)
        self.turn(State.LIVE)

    def play(self, steps):
        for step, what in steps:
            getattr(self, step)(what)

    def arrive(self, size):
        self.arrived.append(frame(len(self.arrived), self.clock.now, size=size))
        self.room.take(self.arrived[-1])

    def ask(self, _):
        if not self.asked:  # one batch at a time
            asked = self.room.ask()
            self.asked = asked if isinstance(asked, list) else [asked] * (asked is not None)

    def answer(self, how):
        for each in self.asked:
            if how != "none":
                self.room.answer(answer_to(each, settled=how == "settled"))
        self.asked = []

    def wait(self, seconds):
        self.clock.pass_(seconds)

    def turn(self, state):
        if state is not State.LIVE:
            self.began.append(len(self.arrived))
        self.room.turn(event(state, self.clock.now, segment=self.segment))

    def reconnect(self, _):
        self.segment += 1
        self.began.append(len(self.arrived))
        self.turn(State.LIVE)

    def lose(self, _):
        self.asked = []
        self.room.engine_lost()

    def ready(self, _):
        self.room.engine_ready(FACTS)

    def refresh(self, _):
        self.room.refresh()


def hold_what_every_picture_promises(play, shown):
    """A mask is of a live source's own size; where there is none, the picture says so."""
    assert (shown.mask is None) == (shown.prediction is None) == (shown.mask_age_s is None)
    assert shown.notice.startswith("AI OFF - ") == (shown.mask is None)
    if shown.mask is None:
        return
    origin = play.arrived[shown.prediction.frame_index]
    assert shown.state is State.LIVE
    assert origin.picture.whole == shown.frame.picture.whole
    assert shown.mask_age_s == shown.at - origin.arrived_at >= 0


@settings(deadline=None, max_examples=150)
@given(STEPS)
def test_whatever_happens_a_room_shows_every_frame_once_in_order_and_in_time(steps):
    play = Play(Room)
    play.play(steps)
    room, recorder = play.room, play.recorder
    assert recorder.indices == list(range(len(play.arrived)))
    for shown in (*recorder.shown, *play.screen.shown):
        hold_what_every_picture_promises(play, shown)
        if shown.mask is not None:
            assert shown.mask_age_s <= LIMIT_S
            began = max(each for each in play.began if each <= shown.frame.index)
            assert began <= shown.prediction.frame_index <= shown.frame.index
    taken = room.captured.total
    assert taken == room.showing.rate.total == len(play.arrived)
    assert 0 <= room.inferred.total + room.waiting <= taken


@settings(deadline=None, max_examples=150)
@given(STEPS, st.integers(1, 4))
def test_whatever_happens_in_sync_each_frame_is_shown_once_or_counted_as_dropped(steps, batch):
    play = Play(SyncRoom, sync=True, batch=batch)
    play.play(steps)
    room, recorder = play.room, play.recorder
    waiting = room.waiting
    assert len(play.arrived) == len(recorder.shown) + waiting + room.dropped.total()
    assert waiting <= 2 * batch
    room.engine_lost()  # the end: what waits is shown
    assert recorder.indices == sorted(set(recorder.indices))
    assert len(play.arrived) == len(recorder.shown) + room.dropped.total()
    for shown in recorder.shown:
        hold_what_every_picture_promises(play, shown)
        assert shown.mask is None or shown.prediction.frame_index == shown.frame.index


@pytest.mark.parametrize(("kind", "given"), [(Room, {}), (SyncRoom, {"sync": True, "batch": 3})])
def test_rooms_are_driven_from_all_threads_at_once_without_a_deadlock(kind, given):
    recorder = Keeper()
    room = kind("room", LiveSettings(**given))
    room.showing.branches.append(recorder)
    room.showing.screens.append(Keeper())
    room.engine_ready(FACTS)
    room.turn(event("LIVE", before=State.CONNECTING))
    over, count = threading.Event(), 300

    def capture():
        for index in range(count):
            room.take(frame(index, time.monotonic(), size=SIZE))
            if index % 50 == 49:
                room.turn(event("STALLED", time.monotonic()))
                room.turn(event("LIVE", time.monotonic()))

    def engine():
        chance = random.Random(5)
        while not over.is_set():
            asked = room.ask()
            for each in asked if isinstance(asked, list) else [asked]:
                if each is not None and chance.random() > 0.1:
                    room.answer(answer_to(each))
            if chance.random() < 0.1:
                room.engine_lost()
                room.engine_ready(FACTS)

    def look():
        while not over.is_set():
            room.refresh()
            room.showing.delays.second()
            time.sleep(0.001)

    threads = [threading.Thread(target=each, daemon=True) for each in (capture, engine, look)]
    for thread in threads:
        thread.start()
    threads[0].join(60)
    over.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    room.engine_lost()
    assert recorder.indices == sorted(set(recorder.indices))
    assert len(recorder.shown) + room.dropped.total() == count
