"""The window in its process: the newest picture, what stands beside it, keys."""

from fractions import Fraction

import numpy as np
import pytest

from nets.picture import Rect
from stream.child import Said
from stream.live.window.actions import Action
from stream.live.window.face import Face
from stream.live.window.messages import Closed, Done, Labelled, Place, Pressed, Shot, Sign
from stream.loopback import barcode
from stream.ring import Ring, RingWriter, bytes_of
from tests.stream.live.window.pictures import shown
from tests.stream.live.window.scripted import ScriptedGui

MONITORS = [Rect(0, 0, 1280, 720), Rect(1280, 0, 1920, 1080)]


class Set:
    """A face with its window, and what it told."""

    def __init__(self, monitor=None, monitors=MONITORS):
        self.gui, self.told = ScriptedGui(), []
        self.ring = Ring(2, bytes_of(shown().shown.picture))
        self.face = Face(
            self.gui, Place("room", monitor), self.told.append, monitors=lambda: list(monitors)
        )

    def shot(self, number, aspect=Fraction(1)):
        slotted = RingWriter(self.ring).put(shown(number, at=float(number)).shown)
        return Shot(self.ring.shape, slotted, aspect, Sign())

    def press(self, *codes):
        self.gui.keys += [ord(code) if isinstance(code, str) else code for code in codes]
        self.face.turn()

    @property
    def number(self):
        """Of the picture in the window."""
        return barcode.read(np.ascontiguousarray(self.gui.shown[-1][..., 1]))


@pytest.fixture
def a(request):
    made = Set(**getattr(request, "param", {}))
    yield made
    made.face.close()
    made.ring.close()


def test_of_several_pictures_only_the_newest_is_painted_and_the_others_are_told(a):
    a.face.take([a.shot(1), a.shot(2)])
    assert a.told == [Done(1.0, None)]
    assert a.face.turn()
    assert a.number == 2
    done = a.told[-1]
    assert done.arrived_at == 2.0
    assert done.painted_at is not None
    a.face.take([a.shot(3), a.shot(4)])  # both slots are free again
    a.face.turn()
    assert a.number == 4


def test_nothing_is_painted_twice_but_for_another_size_of_the_window(a):
    a.face.take([a.shot(1)])
    for _ in range(3):
        a.face.turn()
        a.face.take([])
    assert len(a.gui.shown) == 1
    a.gui.place = Rect(0, 0, 640, 480)
    a.face.turn()
    assert a.gui.shown[-1].shape == (480, 640, 3)
    assert len([word for word in a.told if isinstance(word, Done)]) == 1


def test_what_stands_beside_the_picture_changes_without_a_picture(a):
    a.face.take([a.shot(1)])
    a.face.turn()
    before = a.gui.shown[-1]
    a.face.take([Sign(held=True)])
    a.face.turn()
    assert a.number == 1
    assert (a.gui.shown[-1] != before).any()


def test_keys_are_told_and_those_of_the_window_itself_are_not(a):
    a.press(" ", "m", "h", "f", "q", "x", 0xFFE1)
    actions = [word.action for word in a.told]
    assert actions == [Action.HOLD, Action.MASKS, Action.QUIT]
    assert all(isinstance(word, Pressed) for word in a.told)


def test_help_comes_and_goes(a):
    a.face.turn()
    plain = a.gui.shown[-1]
    a.press("h")
    a.face.turn()
    assert (a.gui.shown[-1] != plain).any()
    a.press(27)
    a.face.turn()
    assert (a.gui.shown[-1] == plain).all()


def test_a_label_is_written_with_letters_that_files_have_and_keys_do_nothing_else(a):
    a.press("l", "c", "q", 8, "a", "/", "ä", " ", "7", "-", 13)
    assert a.told == [Labelled("ca 7-")]
    a.press("q")
    assert a.told[-1] == Pressed(Action.QUIT)


def test_a_label_may_be_left_as_it_was_and_does_not_grow_for_ever(a):
    a.face.take([Sign(label="case 7")])
    a.press("l", "8", 27)
    assert a.told == []
    a.press("l", *"x" * 60, 13)
    assert a.told == [Labelled("case 7" + 34 * "x")]
    a.press("l", *[127] * 50, 13)
    assert a.told[-1] == Labelled("")


def test_a_closed_window_is_told_and_nothing_is_shown_any_more(a):
    a.gui.is_open = False
    a.face.take([a.shot(1)])
    assert not a.face.turn()
    assert a.told == [Closed()]
    assert a.gui.shown == []


@pytest.mark.parametrize("a", [{"monitor": 2}], indirect=True)
def test_a_window_fills_the_monitor_that_was_asked_for(a):
    assert a.gui.did == [("fill", MONITORS[1])]
    a.face.take([a.shot(1)])
    assert a.gui.did == [("fill", MONITORS[1])]  # and keeps its size
    a.press("f", "f")
    assert a.gui.did[1:] == [("unfill",), ("fill", MONITORS[1])]


@pytest.mark.parametrize("a", [{"monitor": 3}, {"monitor": 1, "monitors": []}], indirect=True)
def test_a_monitor_that_is_not_there_is_told_with_those_that_are(a):
    (said,) = a.told
    assert isinstance(said, Said)
    assert "there is no monitor" in said.line
    assert "2: 1920x1080 at 1280,0" in said.line or "does not tell" in said.line
    assert a.gui.did == []


def test_full_screen_is_on_the_monitor_that_has_the_window(a):
    a.gui.place = Rect(1400, 100, 640, 480)
    a.press("f")
    assert a.gui.did == [("fill", MONITORS[1])]


def test_an_ordinary_window_becomes_as_large_as_its_picture_where_the_monitor_is(a):
    a.face.take([a.shot(1, aspect=Fraction(2))])
    assert a.gui.did == [("resize", 512, 192)]


@pytest.mark.parametrize("a", [{"monitors": [Rect(0, 0, 128, 96)]}], indirect=True)
def test_or_as_the_monitor_allows(a):
    a.gui.place = Rect(0, 0, 100, 80)
    a.face.take([a.shot(1)])
    assert a.gui.did == [("resize", 115, 86)]
