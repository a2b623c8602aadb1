"""The window's handle: its process may hang, die or be refused, and nothing waits for it."""

import time
from functools import partial

import pytest

from stream.errors import SharedMemoryError
from stream.live.window import Action, Place, Sign, Window, sender, window
from tests.stream.live.window.pictures import shown
from tests.stream.live.window.scripted import Folder, FolderGui

PATIENCE_S = 60.0
"""For a process to start on a machine that is busy with other things."""


class Desk:
    """Keeps what the window asks for."""

    def __init__(self):
        self.pressed, self.labels, self.closed = [], [], 0
        self.stands = Sign()

    def see(self, shown):
        return shown

    def press(self, action):
        self.pressed.append(action)

    def label(self, text):
        self.labels.append(text)

    def close(self):
        self.closed += 1

    def sign(self):
        return self.stands


class Set:
    """A window whose process is steered by a folder."""

    def __init__(self, folder):
        self.folder, self.desk, self.said, self.headless = Folder(folder), Desk(), [], []
        self.window = Window(
            Place("room"),
            self.desk,
            warn=self.said.append,
            headless=self.headless.append,
            opener=partial(FolderGui, folder),
        )

    def wait(self, reached):
        until = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < until, (self.said, self.headless, self.folder.shown)
            time.sleep(0.01)

    def show(self, number, **made):
        """Offer a picture and wait until it is on the screen."""
        self.window.offer(shown(number, at=time.monotonic(), **made))
        self.wait(lambda: self.folder.shown[-1:] == [str(number)])


@pytest.fixture
def a(tmp_path, monkeypatch):
    monkeypatch.setattr(window, "HANGS_AFTER_S", PATIENCE_S)  # a busy machine is no hang
    made = Set(tmp_path)
    made.window.start()
    yield made
    began = time.monotonic()
    made.window.close()
    assert time.monotonic() - began < 20.0  # 2 s where the machine has nothing else to do
    assert made.window.problem is None


def test_pictures_are_shown_and_keys_are_heard(a):
    for number in range(5):
        a.show(number)
    figures = a.window.figures()
    assert figures.is_open
    a.wait(lambda: a.window.figures().painted == 5)
    assert 0 < figures.delay.p50 < PATIENCE_S
    a.folder.press(ord("r"), ord("l"), ord("7"), 13)
    a.wait(lambda: a.desk.labels)
    assert (a.desk.pressed, a.desk.labels) == ([Action.RECORD], ["7"])


def test_pictures_of_any_size_one_after_another(a):
    for number, size in enumerate([(256, 192), (512, 384), (256, 192), (1024, 768)]):
        a.show(number, size=size)


def test_what_stands_beside_a_picture_is_sent_when_it_changes(a):
    a.show(1)
    painted = len(a.folder.shown)
    a.desk.stands = Sign(recording="REC 0:00:01")
    a.wait(lambda: len(a.folder.shown) > painted)
    assert set(a.folder.shown[painted:]) == {"1"}


def test_a_killed_window_is_opened_again_with_the_latest_picture(a):
    a.show(3)
    a.window.kill()
    a.wait(lambda: a.folder.opened == 2)
    a.wait(lambda: len(a.folder.shown) > 1)
    assert a.folder.shown[-1] == "3"
    (said,) = a.said
    assert "ended by SIGKILL" in said
    assert "opened again in 0.5 s" in said
    a.show(4)


def test_nobody_waits_for_a_window_that_hangs_and_it_is_opened_again(a, monkeypatch):
    a.show(0)
    a.folder.touch("stuck")
    for number in range(1, 200):
        a.window.offer(shown(number))  # in a blocking window this would take for ever
    monkeypatch.setattr(window, "HANGS_AFTER_S", 0.5)
    a.wait(lambda: a.said)
    (a.folder.path / "stuck").unlink()
    assert "did not answer" in a.said[0]
    a.wait(lambda: a.folder.shown[-1] == "199")
    monkeypatch.setattr(window, "HANGS_AFTER_S", PATIENCE_S)
    figures = a.window.figures()
    assert figures.passed_over > 150


def test_a_window_that_somebody_closes_stays_closed(a):
    a.show(0)
    a.folder.touch("closed")
    a.wait(lambda: a.desk.closed)
    a.wait(lambda: not a.window.figures().is_open)
    a.window.offer(shown(1))
    assert a.window.is_over
    assert (a.desk.closed, a.folder.opened, a.said) == (1, 1, [])


def test_where_there_can_be_no_window_that_is_told_once(tmp_path):
    made = Set(tmp_path)
    made.folder.touch("refused")
    made.window.start()
    made.wait(lambda: made.headless)
    made.window.offer(shown(0))
    made.window.close()
    assert (made.headless, made.said) == (["there is no screen here"], [])
    assert made.window.figures() is None
    assert made.window.is_over


def test_a_display_that_ends_the_windows_process_at_once_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":97")
    made = Set(tmp_path)
    made.folder.touch("aborted")
    made.window.start()
    made.wait(lambda: made.headless)
    made.window.close()
    assert made.headless == ["the display :97 cannot be opened"]


def test_without_shared_memory_the_run_goes_on_without_a_window(a, monkeypatch):
    def ring(*_):
        raise SharedMemoryError("no room")

    monkeypatch.setattr(sender, "Ring", ring)
    a.wait(lambda: a.folder.opened)
    a.window.offer(shown(0))
    a.wait(lambda: a.headless)
    assert a.headless == ["no room"]
    assert a.window.is_over


def test_what_a_key_raises_reaches_the_run(tmp_path):
    made = Set(tmp_path)
    made.desk.press = lambda action: 1 / 0
    made.window.start()
    made.wait(lambda: made.folder.opened)
    made.folder.press(ord("m"))
    made.wait(lambda: made.window.problem is not None)
    made.window.close()
    assert isinstance(made.window.problem, ZeroDivisionError)


def test_a_window_that_was_never_started_can_be_closed(tmp_path):
    Set(tmp_path).window.close()
