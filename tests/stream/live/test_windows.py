"""Windows of a run: one a room, the run ends with the last one, and none is no obstacle."""

import re
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from stream.live.journey import Journey
from stream.live.recorders import with_recorders
from stream.live.settings import LiveSettings
from stream.live.windows import NO_DISPLAY, Windows, with_windows
from tests.stream.live.window.scripted import Folder, FolderGui

PATIENCE_S = 180.0

SOURCE = "synthetic:?seed=7&fps=25&size=256x192&seconds=inf"
OTHER = SOURCE.replace("seed=7", "seed=8")


class RoomGui(FolderGui):
    """A window that is steered by a folder of its room's name."""

    def __init__(self, folder, title):
        super().__init__(folder_of(folder, title.removesuffix(" - DivergentNets")), title)


def folder_of(folder, room):
    path = Path(folder) / re.sub(r"\W+", "_", room)
    path.mkdir(exist_ok=True)
    return path


class Run:
    """A run whose windows are steered by folders."""

    def __init__(self, folder, *sources, **settings):
        self.settings = LiveSettings(weights=("fixed:",), report=False, **settings)
        self.journey, self.said = Journey(sources, self.settings), []
        self.journey.listeners.append(self.said.append)
        self.folders = [Folder(folder_of(folder, source)) for source in sources]
        self._run, self._opener = ExitStack(), partial(RoomGui, folder)

    def __enter__(self):
        self._run.enter_context(with_recorders(self.journey, self.settings))
        windows = Windows(self.journey, self.settings, self._run, self._opener)
        windows.open()
        self.windows = windows.all
        self._run.enter_context(self.journey)
        return self

    def __exit__(self, *error):
        return self._run.__exit__(*error)

    def wait(self, until):
        """Let the run go on until something is so, or it ends; whether it ended."""
        limit = time.monotonic() + PATIENCE_S
        for _ in self.journey.moments():
            if until():
                return False
            assert time.monotonic() < limit, self.said
        return True


def test_each_room_has_a_window_and_the_last_one_ends_the_run(tmp_path):
    record = tmp_path / "recorded"
    with Run(tmp_path, SOURCE, OTHER, record=record, recorded="clean") as run:
        run.wait(lambda: all(len(folder.shown) > 3 for folder in run.folders))
        first, second = run.journey.figures().rooms
        assert first.window.is_open
        assert second.window.painted > 0
        run.folders[0].touch("closed")
        recorders = list(run.journey.recorders.values())
        assert not run.wait(lambda: not recorders[0].is_recording)
        assert recorders[1].is_recording
        assert f"{SOURCE}: its window is closed; the last one ends the run" in run.said
        shown = len(run.folders[1].shown)
        assert not run.wait(lambda: len(run.folders[1].shown) > shown)
        run.folders[1].press(ord("q"), ord("q"))
        assert run.wait(lambda: False)
    assert len(list(record.glob("*.clean.mp4"))) == 2


def test_keys_of_a_window_are_for_its_room_alone(tmp_path):
    with Run(tmp_path, SOURCE, OTHER) as run:
        run.wait(lambda: all(folder.shown for folder in run.folders))
        run.folders[1].press(ord("m"), ord("o"))
        rooms = run.journey.rooms
        run.wait(lambda: rooms[1].showing.drawing.overlay.style == "outline")
        assert not rooms[1].showing.drawing.masks
        drawing = rooms[0].showing.drawing
        assert (drawing.masks, drawing.overlay.style) == (True, "both")


def test_where_no_window_can_be_opened_that_is_told_once_and_the_run_goes_on(tmp_path):
    run = Run(tmp_path, SOURCE, OTHER)
    for folder in run.folders:
        folder.touch("refused")
    with run:
        run.wait(lambda: all(window.is_over for window in run.windows))
        shown = run.journey.figures().rooms[0].shown
        assert not run.wait(lambda: run.journey.figures().rooms[0].shown > shown + 5)
        assert run.journey.figures().rooms[0].window is None
    (said,) = (line for line in run.said if "no window" in line)
    assert said == "no window: there is no screen here; the run goes on without"


def test_without_a_display_that_is_told_once_and_nothing_is_started(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    settings = LiveSettings(weights=("fixed:",))
    journey, said = Journey([SOURCE, OTHER], settings), []
    journey.listeners.append(said.append)
    with with_windows(journey, settings):
        assert [room.showing.screens for room in journey.rooms] == [[], []]
    assert said == [NO_DISPLAY]


def test_nobody_asks_for_a_display_that_is_not_wanted(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":97")
    settings = LiveSettings(weights=("fixed:",), show=False)
    journey, said = Journey([SOURCE], settings), []
    journey.listeners.append(said.append)
    with with_windows(journey, settings):
        assert journey.rooms[0].showing.screens == []
    assert said == []


def test_a_fault_in_a_windows_keys_ends_the_run_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr("stream.live.controls.Overlay", lambda style: 1 / 0)
    with pytest.raises(ZeroDivisionError), Run(tmp_path, SOURCE) as run:
        run.wait(lambda: run.folders[0].shown)
        run.folders[0].press(ord("o"))
        run.wait(lambda: False)
