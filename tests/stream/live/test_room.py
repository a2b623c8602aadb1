"""A room: every frame shown as it arrives, with the newest mask, or with the word why not."""

import pytest

from stream.health import State
from stream.live.room import Room
from stream.live.settings import LiveSettings
from tests.stream.live.made import FACTS, NOTHING, Clock, Keeper, answer_to, event, frame


class Set:
    """A room with a clock, a recorder that wants every frame and a screen."""

    def __init__(self, **settings):
        self.clock, self.recorder, self.screen = Clock(), Keeper(), Keeper()
        self.room = Room(
            "room",
            LiveSettings(**{"persistence_s": 0.0} | settings),
            clock=self.clock,
        )
        self.room.showing.branches.append(self.recorder)
        self.room.showing.screens.append(self.screen)
        self.index = -1

    def live(self):
        self.room.engine_ready(FACTS)
        self.room.turn(event("LIVE", self.clock.now, before=State.CONNECTING))
        return self

    def arrive(self, after=0.04, **made):
        """A frame arrives; what is shown of it."""
        self.clock.pass_(after)
        self.index += 1
        self.room.take(frame(self.index, self.clock.now, **made))
        return self.recorder.shown[-1]

    def infer(self, took=0.0, **known):
        """The engine takes the newest frame, and answers."""
        asked = self.room.ask()
        self.clock.pass_(took)
        self.room.answer(answer_to(asked, **known))
        return asked


def luma(shown):
    return shown.shown.picture.planes[0]


def test_every_frame_is_shown_once_and_in_order_as_it_arrives():
    it = Set().live()
    for _ in range(5):
        shown = it.arrive()
        assert shown.at == it.clock.now
    assert it.recorder.indices == [0, 1, 2, 3, 4]
    assert it.screen.indices[-5:] == [0, 1, 2, 3, 4]


def test_the_newest_mask_is_shown_with_its_age():
    it = Set().live()
    it.arrive()
    it.infer(took=0.03)
    shown = it.arrive(after=0.01)
    assert shown.mask_age_s == pytest.approx(0.04)
    assert shown.notice == ""
    assert len(shown.mask.regions) == 1
    assert shown.prediction.frame_index == 0
    x, y, width, height = shown.mask.regions[0]
    marked = luma(shown)[y : y + height, x : x + width]
    assert (marked != 128).any()


def test_a_mask_is_put_on_the_frame_that_stands_for_whoever_looks():
    it = Set().live()
    for _ in range(3):  # so that it is known how often they come
        it.arrive()
    asked = it.infer(took=0.015)
    again = it.screen.shown[-1]
    assert again.frame is asked
    assert again.prediction.frame_index == asked.index
    assert again.mask_age_s == pytest.approx(0.015)
    assert it.recorder.shown[-1].frame is asked
    assert it.recorder.shown[-1].mask is None  # who records gets each frame once
    assert it.room.showing.rate.total == 3
    assert it.room.showing.delays.annotation.max == pytest.approx(0.015 + 2 * 0.04)


def test_a_mask_is_kept_for_the_frame_that_is_about_to_come():
    it = Set().live()
    for _ in range(3):
        it.arrive()
    before = len(it.screen.shown)
    asked = it.infer(took=0.035)
    assert len(it.screen.shown) == before
    shown = it.arrive(after=0.005)
    assert shown.prediction.frame_index == asked.index
    assert len(it.screen.shown) == before + 1


def test_the_frame_itself_is_never_drawn_on():
    it = Set().live()
    it.arrive()
    it.infer()
    shown = it.arrive()
    assert (luma(shown) != 128).any()
    assert (shown.frame.picture.planes[0] == 128).all()


def test_outside_mask_and_words_a_shown_frame_is_the_source_s():
    it = Set(overlay=False).live()
    shown = it.arrive()
    assert (luma(shown)[60:] == 128).all()
    assert (luma(shown)[:60] != 128).any()  # the notice


def test_the_engine_gets_the_newest_frame_and_each_only_once():
    it = Set().live()
    for _ in range(3):
        it.arrive()
    assert it.room.ask().index == 2
    assert it.room.ask() is None


def test_a_mask_beyond_the_limit_is_taken_away_until_masks_flow_again():
    it = Set().live()
    it.arrive()
    it.infer()
    assert it.arrive(after=0.24).notice == ""
    assert it.arrive(after=0.02).notice == "AI OFF - late"
    assert it.recorder.shown[-1].mask is None
    notices = []
    for _ in range(20):
        it.infer()
        notices.append(it.arrive().notice)
    assert notices[:12] == ["AI OFF - late"] * 12
    assert notices[13:] == [""] * 7


@pytest.mark.parametrize("state", ["NO SIGNAL", "STALLED", "FROZEN", "RECONNECTING", "ENDED"])
def test_a_source_that_is_not_live_has_no_mask_and_says_its_state(state):
    it = Set().live()
    it.arrive()
    it.infer()
    it.arrive()
    it.room.turn(event(state, it.clock.now))
    assert it.screen.notices[-1] == f"AI OFF - {state}"  # on the latest picture, at once
    assert it.screen.indices[-1] == 1
    assert it.screen.shown[-1].mask is None
    assert it.recorder.indices == [0, 1]  # recorded once
    assert it.arrive().notice == f"AI OFF - {state}"
    assert it.room.ask() is None


def test_what_was_known_before_a_break_is_not_shown_after_it():
    it = Set().live()
    it.arrive()
    it.infer()
    asked = it.room.ask() or (it.arrive() and it.room.ask())
    it.room.turn(event("RECONNECTING", it.clock.now))
    it.room.turn(event("LIVE", it.clock.now, segment=2, before=State.RECONNECTING))
    it.room.answer(answer_to(asked))  # too late: it is of the picture before
    assert it.arrive().notice == "AI OFF - no answer"
    it.infer()
    assert it.arrive().notice == ""


def test_a_change_of_size_takes_the_mask_away_until_there_is_one_of_that_size():
    it = Set().live()
    it.arrive()
    it.infer()
    assert it.arrive(size=(200, 160)).notice == "AI OFF - no answer"
    it.infer()
    assert it.arrive(size=(200, 160)).notice == ""


def test_a_view_that_moved_takes_the_mask_away_until_it_is_found():
    it = Set().live()
    notices = []
    for settled in (True, False, False, True):
        it.arrive()
        it.infer(settled=settled)
        notices.append(it.arrive().notice)
    assert notices == ["", "AI OFF - view moved", "AI OFF - view moved", ""]


def test_an_engine_that_is_lost_costs_the_mask_only_when_it_is_too_old():
    it = Set().live()
    it.arrive()
    it.infer()
    it.room.engine_lost()
    assert it.arrive().notice == ""
    assert it.arrive(after=0.3).notice == "AI OFF - restarting"
    it.room.engine_ready(FACTS)
    for _ in range(15):
        it.infer()
        it.arrive()
    assert it.recorder.notices[-1] == ""


def test_screens_are_told_when_frames_stop_coming():
    it = Set().live()
    it.arrive()
    it.infer()
    it.arrive()
    it.room.refresh()
    assert len(it.screen.shown) == 3  # CONNECTING, and two frames
    it.clock.pass_(0.3)
    it.room.refresh()
    it.room.refresh()
    assert it.screen.notices[3:] == ["AI OFF - late"]
    assert len(it.recorder.shown) == 2


def test_a_screen_says_what_is_waited_for_before_the_first_picture():
    it = Set()
    it.room.refresh()
    (blank,) = it.screen.shown
    assert blank.notice == "AI OFF - CONNECTING"
    assert luma(blank).max() > 200  # the words
    assert luma(blank).mean() < 40  # on black
    assert it.recorder.shown == []


def test_delays_are_counted_from_arrival_to_showing():
    it = Set().live()
    it.arrive()  # 0
    it.arrive()  # 1
    it.infer(took=0.05)
    it.arrive(after=0.01)  # 2 shows a mask of 1: 1 took 60 ms, 0 took 100 ms
    delays = it.room.showing.delays
    assert delays.annotation.max == pytest.approx(0.10)
    assert delays.annotation.p50 == pytest.approx(0.08)
    it.arrive()  # the same mask once more: nothing new
    assert delays.annotation.p50 == pytest.approx(0.08)
    assert delays.display.max == 0.0
    delays.second()
    assert delays.curve == (pytest.approx(0.10),)


def test_no_delay_is_counted_for_what_no_mask_can_come_for():
    it = Set()
    it.room.turn(event("LIVE", it.clock.now, before=State.CONNECTING))
    it.arrive()  # the engine starts
    it.room.engine_ready(FACTS)
    it.arrive()
    it.room.turn(event("STALLED", it.clock.now))
    it.clock.pass_(10.0)
    it.room.turn(event("LIVE", it.clock.now, before=State.STALLED))
    it.arrive()
    it.infer()
    it.arrive()
    assert it.room.showing.delays.annotation.max == pytest.approx(0.04)


def test_a_polyp_that_stays_is_one_sighting():
    it = Set().live()
    for _ in range(20):
        it.arrive()
        it.infer()
    assert it.arrive().sightings == 1
    for _ in range(40):
        it.arrive()
        it.infer(probability=NOTHING)
    for _ in range(20):
        it.arrive()
        it.infer()
    assert it.arrive().sightings == 2


def test_what_has_not_stood_is_not_drawn():
    it = Set(persistence_s=0.1).live()
    drawn = []
    for _ in range(5):
        it.arrive()
        it.infer()
        drawn.append(len(it.arrive(after=0.0).mask.regions))
    assert drawn == [0, 0, 0, 1, 1]


def test_the_threshold_is_the_engine_s_unless_it_was_set():
    assert Set().live().room.finding.threshold == 0.5
    assert Set(threshold=0.3).live().room.finding.threshold == 0.3


def test_frames_that_the_engine_never_had_are_counted():
    it = Set().live()
    for number in range(12):
        it.arrive()
        if number % 3 == 0:
            it.infer()
    room = it.room
    assert room.inferred.total == 4
    assert room.showing.rate.total - room.inferred.total - room.waiting == 7
