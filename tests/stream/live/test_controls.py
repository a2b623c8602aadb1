"""What keys do with a room: its picture, its masks, its recording."""

import pytest

from stream.live.controls import (
    HIGHEST_THRESHOLD,
    LOWEST_THRESHOLD,
    NEWS_S,
    NO_FOLDER,
    Controls,
)
from stream.live.room import Room
from stream.live.settings import LiveSettings
from stream.live.window import Action
from stream.stats import RecorderFigures
from tests.stream.live.made import FACTS, Clock, Keeper, answer_to, event, frame
from tests.stream.live.window.pictures import shown


class Recorder:
    """A recorder that does what it is told."""

    def __init__(self):
        self.is_recording, self.did = False, []
        self.more = {"name": "case"}

    def start(self, label):
        self.is_recording, begun = True, not self.is_recording
        self.did.append(("start", label))
        return begun

    def stop(self):
        self.is_recording, was = False, self.is_recording
        if was:
            self.did.append(("stop",))
        return was

    def bookmark(self, note=""):
        if self.is_recording:
            self.did.append(("bookmark", note))
        return self.is_recording

    def figures(self, now):
        if not self.did:
            return None
        return RecorderFigures(recording=self.is_recording, seconds=3723.9, **self.more)


class Snapshots:
    def __init__(self):
        self.took = []

    def take(self, shown, case, tell):
        self.took.append((shown, case))
        return "snapshot"


class Set:
    """A room with its keys."""

    def __init__(self, **given):
        self.clock, self.left = Clock(), []
        self.room = Room("room", LiveSettings(persistence_s=0.0), clock=self.clock)
        self.screen = Keeper()
        self.room.showing.screens.append(self.screen)
        self.recorder, self.snapshots = Recorder(), Snapshots()
        parts = {"recorder": self.recorder, "snapshots": self.snapshots, "case": "case-7"} | given
        self.controls = Controls(
            self.room, leave=lambda: self.left.append(self.clock()), clock=self.clock, **parts
        )

    def press(self, action):
        """Press a key; what the window says."""
        self.controls.press(action)
        return self.controls.sign().news

    def live(self):
        """A frame with a polyp is shown."""
        self.room.engine_ready(FACTS)
        self.room.turn(event("LIVE", self.clock(), before="CONNECTING"))
        for index in range(2):
            self.clock.pass_(0.04)
            self.room.take(frame(index, self.clock()))
            asked = self.room.ask()
            self.room.answer(answer_to(asked))
        return self

    def luma(self):
        """Of the picture that is shown next."""
        self.clock.pass_(0.04)
        self.room.take(frame(9, self.clock()))
        return self.screen.shown[-1].shown.picture


def test_space_holds_the_picture_and_lets_it_go_on():
    it = Set()
    first, second, third = (shown(number) for number in range(3))
    assert it.controls.see(first) is first
    it.press(Action.HOLD)
    assert it.controls.sign().held
    assert it.controls.see(second) is None
    it.press(Action.HOLD)
    assert not it.controls.sign().held
    assert it.controls.see(third) is third


def test_behind_a_held_picture_a_source_that_is_lost_is_told():
    it = Set().live()
    it.press(Action.HOLD)
    assert it.controls.sign().alarm == ""
    it.room.turn(event("NO SIGNAL", it.clock()))
    assert it.controls.sign().alarm == "source: NO SIGNAL"
    it.press(Action.HOLD)
    assert it.controls.sign().alarm == ""  # the picture itself says it


def test_what_is_held_is_what_a_snapshot_keeps():
    it = Set()
    assert it.press(Action.SNAPSHOT) == "no picture yet"
    it.controls.see(shown(1))
    it.press(Action.HOLD)
    it.controls.see(shown(2))
    assert it.press(Action.SNAPSHOT) == "snapshot"
    ((kept, case),) = it.snapshots.took
    assert (kept.frame.index, case) == (1, "case-7")


def test_masks_come_and_go_and_the_picture_says_so():
    it = Set().live()
    drawn = it.luma()
    assert (drawn.planes[0] != 128).sum() > 2000
    assert it.press(Action.MASKS) == "masks hidden"
    hidden = it.luma()
    assert (hidden.planes[1] == 128).all()  # nothing is tinted
    assert it.press(Action.MASKS) == "masks on"
    assert (it.luma().planes[1] != 128).any()


def test_masks_are_drawn_in_three_ways():
    it = Set()
    styles = []
    for said in ("outline", "tint", "outline and tint"):
        assert it.press(Action.STYLE) == said
        styles.append(it.room.showing.drawing.overlay.style)
    assert styles == ["outline", "tint", "both"]


def test_the_threshold_moves_in_steps_within_limits_and_a_recording_tells():
    it = Set()
    assert it.press(Action.STRICTER) == "no threshold before there is an engine"
    it.room.engine_ready(FACTS)
    assert it.press(Action.STRICTER) == "threshold 0.55"
    it.press(Action.RECORD)
    assert it.press(Action.LOOSER) == "threshold 0.5"
    assert it.recorder.did[-1] == ("bookmark", "threshold 0.5")
    for _ in range(30):
        it.press(Action.LOOSER)
    assert it.room.finding.threshold == LOWEST_THRESHOLD
    for _ in range(30):
        it.press(Action.STRICTER)
    assert it.room.finding.threshold == HIGHEST_THRESHOLD


def test_a_recording_starts_and_stops_and_stands_in_the_window_meanwhile():
    it = Set()
    assert it.controls.sign().recording == ""
    assert it.press(Action.RECORD) == "recording"
    it.controls.label("case-8")
    assert it.controls.sign().recording == "REC 1:02:03 case-7"  # as it was begun
    assert it.press(Action.RECORD) == "recording ended"
    assert it.controls.sign().recording == ""
    it.press(Action.RECORD)
    assert it.controls.sign().recording == "REC 1:02:03 case-8"
    assert it.recorder.did == [("start", "case-7"), ("stop",), ("start", "case-8")]


def test_before_its_first_picture_a_recording_has_no_time():
    it = Set()
    it.recorder.more = {}
    it.press(Action.RECORD)
    assert it.controls.sign().recording == "REC waits for a picture"


def test_what_is_wrong_with_a_recording_stands_in_the_window():
    it = Set()
    it.press(Action.RECORD)
    it.recorder.more |= {"lost": {"the recorder's queue was full": 3}, "disk_minutes": 4.2}
    assert it.controls.sign().alarm == "3 frames lost; disk full in 4 min"
    assert it.press(Action.RECORD) == "recording ended, 3 frames lost"
    it.recorder.more = {"failed": True}
    assert it.controls.sign().alarm == "RECORDING ENDED, it could not go on"


def test_bookmarks_need_a_recording():
    it = Set()
    assert it.press(Action.BOOKMARK) == "no bookmark: nothing is being recorded"
    it.press(Action.RECORD)
    assert it.press(Action.BOOKMARK) == "bookmark"
    assert it.recorder.did[-1] == ("bookmark", "")


def test_without_a_folder_keys_say_how_to_have_one():
    it = Set(recorder=None, snapshots=None)
    it.controls.see(shown(1))
    assert it.press(Action.RECORD) == it.press(Action.SNAPSHOT) == NO_FOLDER
    assert "--record" in NO_FOLDER
    assert it.controls.sign().recording == ""


def test_q_ends_at_once_but_for_a_recording_it_has_to_be_meant():
    it = Set()
    it.press(Action.QUIT)
    assert len(it.left) == 1
    it.press(Action.RECORD)
    assert it.press(Action.QUIT) == "recording: press q again to end"
    it.clock.pass_(10.0)
    assert it.press(Action.QUIT) == "recording: press q again to end"
    assert len(it.left) == 1
    it.clock.pass_(1.0)
    it.press(Action.QUIT)
    assert len(it.left) == 2


def test_a_closed_window_ends_at_once():
    it = Set()
    it.press(Action.RECORD)
    it.controls.close()
    assert len(it.left) == 1


@pytest.mark.parametrize(
    ("label", "case", "said"),
    [
        ("case 8", "case 8", "label case 8, from the next file on"),
        ("", "", "no label"),
        ("Anna/Müller", "case-7", "never a patient's name"),
    ],
)
def test_a_label_is_for_the_files_that_come(label, case, said):
    it = Set()
    it.controls.label(label)
    assert it.controls.case == it.controls.sign().label == case
    assert said in it.controls.sign().news


def test_news_stand_for_a_moment():
    it = Set()
    it.controls.tell("snapshot case-7")
    assert it.controls.sign().news == "snapshot case-7"
    it.clock.pass_(NEWS_S + 0.1)
    assert it.controls.sign().news == ""
