"""The chain of a live run, each stage on its own thread, with any delays and failures anywhere."""

import threading
import time
from collections import Counter
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.errors import SinkError
from stream.health import State
from stream.live.room import Room
from stream.live.settings import LiveSettings
from stream.live.sync import SyncRoom
from stream.live.ticks import Ticks, gatherer
from stream.recording import LiveRecording, RecordingOptions
from stream.recording.take import FAILED, Take
from stream.ring import bytes_of
from stream.sink.encoder_settings import EncoderSettings
from tests.stream.live.made import FACTS, Keeper, answer_to, event, frame
from tests.stream.recording.conftest import send
from tests.stream.recording.test_counts import pictures_in, read, rows_in

SIZE, COUNT = (64, 48), 40
WAITING = 4
"""Frames that may wait for the recorder."""

LIMIT_S = 60.0
"""For what takes a second: what is not through then never will be."""

DELAYS = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.004, 0.03]), min_size=1, max_size=5)
FAILURES = st.dictionaries(
    st.integers(0, COUNT - 1),
    st.sampled_from(["skip", "stall", "reconnect", "engine", "disk", "stop", "start"]),
    max_size=6,
)


class Engine:
    """What `Ticks` hands frames to: answers behind a delay, or is lost with what it was given."""

    def __init__(self, rooms, delays):
        self.lose = threading.Event()
        self.ticks = None
        self._rooms, self._delays = rooms, cycle(delays)
        self._given, self._come, self._over = [], threading.Event(), False
        self.thread = threading.Thread(target=self._run, daemon=True)

    @property
    def free(self):
        return not self._given

    def submit(self, batch):
        if batch:
            self._given = batch
            self._come.set()
        return bool(batch)

    def end(self):
        self._over = True
        self._come.set()

    def _run(self):
        while self._come.wait() and not self._over:
            self._come.clear()
            given = self._given
            time.sleep(next(self._delays))
            if self.lose.is_set():
                self.lose.clear()
                self._rooms[0].engine_lost()
                time.sleep(next(self._delays))
                self._given = []
                self._rooms[0].engine_ready(FACTS)
            else:
                self._given = []
                for name, each in given:
                    self._rooms[0].answer(answer_to(each, room=name))
            self.ticks.wake()


class Chain:
    """Capture, room, engine, recorder and a screen, as `Journey` joins them."""

    def __init__(self, kind, folder, delays, failures, **how):
        self.room = kind("room", LiveSettings(persistence_s=0.0, **how), wake=self._wake)
        self.engine = Engine([self.room], delays["engine"])
        self.ticks = self.engine.ticks = Ticks(gatherer([self.room]), self.engine)
        options = RecordingOptions(
            folder,
            encoding=EncoderSettings(preset="ultrafast"),
            queue_bytes=2 * WAITING * bytes_of(frame(0, 0.0, size=SIZE).picture),
            report=False,
        )
        self.recorder = LiveRecording(options, free=lambda path: options.margin_bytes + 1)
        self.shown, self.screen = Keeper(), Keeper()
        self.room.showing.branches += [self.recorder, self.shown]
        self.room.showing.screens.append(self.screen)
        self.missed = Counter()
        self.arrived = 0
        self._delays, self._failures = cycle(delays["capture"]), failures
        self._given = replace(send(1).given, has_packets=False)
        self.disk_fails = threading.Event()

    def _wake(self):
        self.ticks.wake()

    def run(self):
        """From the first frame to the end of all stages; raises where one does not end."""
        self.room.engine_ready(FACTS)
        self.recorder.change(self._given)
        self._turn(State.LIVE, 1)
        self.recorder.start()
        self.ticks.start()
        self.engine.thread.start()
        capture = threading.Thread(target=self._capture, daemon=True)
        capture.start()
        limit = time.monotonic() + LIMIT_S
        while capture.is_alive():
            self.room.refresh()
            capture.join(0.01)
            assert time.monotonic() < limit, "the capture does not come to its end"
        self.ticks.close()
        self.engine.end()
        self.engine.thread.join(LIMIT_S)
        self.room.engine_lost()
        closing = threading.Thread(target=self.recorder.close, args=(0,), daemon=True)
        closing.start()
        closing.join(LIMIT_S)
        assert not closing.is_alive() and not self.engine.thread.is_alive()
        assert self.ticks.problem is None

    def _capture(self):
        segment = 1
        for index in range(COUNT):
            time.sleep(next(self._delays))
            self.arrived += 1
            match self._failures.get(index):
                case "skip":
                    self.missed["ring full"] += 1
                    continue
                case "stall":
                    self._turn(State.STALLED, segment)
                    self._turn(State.LIVE, segment)
                case "reconnect":
                    segment += 1
                    self.recorder.change(replace(self._given, segment=segment))
                    self._turn(State.LIVE, segment)
                case "engine":
                    self.engine.lose.set()
                case "disk":
                    self.disk_fails.set()
                case "stop":
                    self.recorder.stop()
                case "start":
                    self.recorder.start()
            self.room.take(frame(index, time.monotonic(), size=SIZE))

    def _turn(self, state, segment):
        self.room.turn(event(state, time.monotonic(), segment=segment))


@pytest.fixture
def disk(monkeypatch):
    """Slows the recorder's writes down, and lets one fail when it is told to."""
    write = Take.__dict__["_write"]
    slow = {"delays": cycle([0.0]), "fails": threading.Event()}

    def slowly(self, seen):
        time.sleep(next(slow["delays"]))
        if slow["fails"].is_set():
            slow["fails"].clear()
            raise SinkError("the disk failed")
        return write(self, seen)

    monkeypatch.setattr(Take, "_write", slowly)
    return slow


@pytest.mark.parametrize(("kind", "how"), [(Room, {}), (SyncRoom, {"sync": True, "batch": 2})])
def test_whatever_is_slow_or_fails_all_is_counted_in_order_and_ends(disk, kind, how):
    @settings(deadline=None, max_examples=8)
    @given(
        st.fixed_dictionaries({"capture": DELAYS, "engine": DELAYS, "recorder": DELAYS}), FAILURES
    )
    def hold(delays, failures):
        with TemporaryDirectory() as name:
            chain = Chain(kind, Path(name), delays, failures, **how)
            disk["delays"], disk["fails"] = cycle(delays["recorder"]), chain.disk_fails
            chain.run()
            hold_what_is_promised(chain, Path(name))

    hold()


def hold_what_is_promised(chain, folder):
    """Captured = shown + dropped, captured = recorded + lost, by cause; all in order."""
    shown = chain.shown.indices
    assert shown == sorted(set(shown))
    assert chain.screen.shown
    dropped = chain.room.dropped + chain.missed
    assert chain.arrived == COUNT == len(shown) + dropped.total()
    assert set(dropped) <= {"ring full", "engine too slow"}
    accounts = [read(path) for path in folder.glob("*.segments.json")]
    for account in accounts:
        frames = account["frames"]
        assert frames["captured"] == frames["recorded"] + sum(frames["lost"].values())
        assert set(frames["lost"]) <= CAUSES
    recorded = sum(account["frames"]["recorded"] for account in accounts)
    assert rows_in(folder) == recorded
    if not chain.recorder.failed:
        assert pictures_in(folder, "annotated") == pictures_in(folder, "clean") == recorded
        assert not list(folder.glob("*partial*"))


CAUSES = {"the recorder's queue was full", "dropped before the recorder", FAILED}
