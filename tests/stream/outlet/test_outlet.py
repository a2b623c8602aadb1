"""Outlets with real processes: what is offered arrives, and what is wrong there stays there."""

import threading
import time
from pathlib import Path

import pytest

from stream.errors import SharedMemoryError
from stream.outlet import Outlet, feeder
from tests.stream.live.made import frame
from tests.stream.outlet.children import tell_all

PATIENCE_S = 120.0


class Heard:
    """An outlet, and what came of it."""

    def __init__(self, rooms=(0,), **how):
        self.words, self.fates = [], []
        self.outlet = Outlet(
            tell_all, rooms, name="told",
            on_word=self.words.append, on_lost=self.fates.append, **how,
        )  # fmt: skip

    def __enter__(self):
        self.outlet.start()
        return self

    def __exit__(self, *_):
        self.outlet.close()

    def offer(self, index, room=0, **how):
        made = frame(index, float(index), **how)
        self.outlet.offer(room, lambda: made)

    def wait(self, happened):
        limit = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < limit, (self.words, self.fates)
            time.sleep(0.01)

    @property
    def frames(self):
        return [word for word in self.words if isinstance(word, tuple)]


def test_frames_arrive_whole_and_the_process_says_goodbye():
    with Heard(backlog=4) as heard:
        heard.wait(lambda: heard.outlet.is_there)
        for index in range(3):
            heard.offer(index)
        heard.wait(lambda: len(heard.frames) >= 3)
    assert heard.frames == [(0, index, 320, (128, 128, 128)) for index in range(3)]
    assert heard.words[-1] == "goodbye"
    assert heard.fates == []


def test_only_what_is_wanted_is_made():
    made = []

    def make(room):
        made.append(room)
        return frame(0, 0.0)

    with Heard(rooms=(1,)) as heard:
        heard.outlet.offer(0, lambda: make(0))
        heard.outlet.offer(1, lambda: make(1))
        heard.wait(lambda: heard.frames)
        assert made == [1]
        heard.outlet.say("want", ("want", (0,)))
        heard.wait(lambda: len(heard.frames) == 2)
    assert made == [1, 0]


def test_pictures_that_outgrow_the_ring_arrive_and_the_small_one_is_taken_away():
    with Heard(backlog=8) as heard:
        heard.wait(lambda: heard.outlet.is_there)
        for index, size in enumerate([(64, 48), (640, 480), (64, 48), (1280, 960)]):
            heard.offer(index, size=size)
        heard.wait(lambda: len(heard.frames) == 4)
        assert [width for _, _, width, _ in heard.frames] == [64, 640, 64, 1280]
        rings = heard.outlet._feeder._rings
        heard.wait(lambda: len(rings) == 1)
        (ring,) = rings
        name = Path("/dev/shm") / ring.shape.name
        assert name.exists()
    assert not name.exists()


def test_a_process_that_dies_is_started_again_and_gets_the_picture_that_stands():
    with Heard() as heard:
        heard.offer(7)
        heard.wait(lambda: heard.frames)
        heard.outlet.say("fate", "die")
        heard.wait(lambda: len(heard.frames) == 2)
        assert heard.fates == ["ended with status 3"]
        heard.outlet.kill()
        heard.wait(lambda: len(heard.frames) == 3)
        assert "SIGKILL" in heard.fates[1]
    assert {index for _, index, _, _ in heard.frames} == {7}


def test_a_process_that_hangs_is_ended_and_nobody_waits_for_it():
    with Heard(hangs_s=1.0) as heard:
        heard.wait(lambda: heard.outlet.is_there)
        heard.outlet.say("fate", "hang")
        until = time.monotonic() + PATIENCE_S
        while not heard.fates and time.monotonic() < until:
            heard.offer(1)  # fills the ring, and returns at once
            time.sleep(0.01)
        assert heard.fates[0] == "did not come to its work for 1 s"
        heard.offer(2)
        heard.wait(lambda: any(index == 2 for _, index, _, _ in heard.frames))


def test_what_a_slow_process_does_not_take_is_dropped_and_counted():
    with Heard(backlog=2) as heard:
        heard.wait(lambda: heard.outlet.is_there)
        heard.outlet.say("fate", "slow")
        offered = 40
        for index in range(offered):
            heard.offer(index)
        heard.wait(lambda: heard.frames and heard.frames[-1][1] == offered - 1)
        assert heard.outlet.dropped(0) == offered - len(heard.frames)
    indices = [index for _, index, _, _ in heard.frames]
    assert indices == sorted(set(indices))


def test_a_process_that_hangs_does_not_keep_the_end_waiting():
    with Heard() as heard:
        heard.wait(lambda: heard.outlet.is_there)
        heard.outlet.say("fate", "hang")
        time.sleep(0.2)
        process = heard.outlet._child.process
        began = time.monotonic()
    assert time.monotonic() - began < PATIENCE_S
    assert not any(thread.name.startswith("told") for thread in threading.enumerate())
    with pytest.raises(ValueError, match="closed"):
        process.is_alive()


def test_too_little_shared_memory_is_told(monkeypatch):
    def refuse(*_):
        raise SharedMemoryError("no room")

    monkeypatch.setattr(feeder, "Ring", refuse)
    with Heard() as heard:
        heard.offer(1)
        heard.wait(lambda: "no room" in heard.fates)


def test_a_fault_in_making_a_frame_is_kept_for_the_run():
    with Heard() as heard:
        heard.outlet.offer(0, lambda: 1 / 0)
        heard.wait(lambda: heard.outlet.problem is not None)
    assert isinstance(heard.outlet.problem, ZeroDivisionError)
