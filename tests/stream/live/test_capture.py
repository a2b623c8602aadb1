"""Capture by a process that is killed, stopped and starved, over UDP loopback."""

import re
import signal
import threading
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from stream.capture import Asked, CaptureOptions
from stream.errors import SourceError, UnusableSourceError
from stream.health import Patience, State
from tests.stream.live import barcode
from tests.stream.live.prepared import moving_pictures, write_prepared
from tests.stream.live.watched import Watched

LIVELY = "lavfi:testsrc2=size=192x144:rate=25"


def reader_of(watched: Watched) -> psutil.Process:
    """The process that reads for a capture."""
    children = psutil.Process().children()
    (reader,) = (child for child in children if "spawn_main" in " ".join(child.cmdline()))
    return reader


def test_frames_arrive_in_order_with_their_packets(url, send, clip):
    with Watched(url, packets=True) as watched:
        send(url, clip)
        watched.wait_frames(30)
        given = watched.capture.given
    assert watched.states() == [State.CONNECTING, State.LIVE]
    assert [frame.index for frame in watched.frames] == list(range(len(watched.frames)))
    numbers = [barcode.read(frame.picture.planes[0]) for frame in watched.frames]
    assert all((two - one) % 100 == 1 for one, two in pairwise(numbers))
    assert (given.segment, given.codec) == (1, "h264")
    assert watched.packets[0].is_keyframe
    assert {packet.segment for packet in watched.packets} == {1}
    assert watched.capture.drops == {}


def test_a_reader_that_is_killed_is_started_again_and_counts_on():
    with Watched(LIVELY) as watched:
        watched.wait_frames(5)
        watched.capture.kill()
        watched.wait(lambda: watched.capture.given.segment == 2)
        watched.wait_frames(5)
    assert watched.states()[-3:] == [State.LIVE, State.RECONNECTING, State.LIVE]
    indices = [frame.index for frame in watched.frames]
    assert indices == sorted(set(indices))
    lost = next(event for event in watched.events if event.state is State.RECONNECTING)
    assert "SIGKILL" in lost.reason
    assert [event.at for event in watched.events] == sorted(event.at for event in watched.events)


def test_a_reader_that_hangs_is_ended_and_started_again(monkeypatch):
    monkeypatch.setattr("stream.capture.capture.GRACE_S", 0.2)
    options = CaptureOptions(asked=Asked(silent_s=0.5), patience=Patience(stalled_s=0.3))
    with Watched(LIVELY, options) as watched:
        watched.wait_frames(3)
        hung = reader_of(watched)
        hung.send_signal(signal.SIGSTOP)
        watched.wait_for(State.STALLED)
        event = watched.wait_for(State.RECONNECTING)
        assert event.reason == "its reader hung, and was ended"
        watched.wait_frames(3)
        assert not hung.is_running()
    assert watched.states()[1:] == [
        State.LIVE,
        State.STALLED,
        State.RECONNECTING,
        State.LIVE,
    ]


def test_a_sender_that_is_gone_stalls_is_lost_and_is_live_again_when_it_is_back(url, send, clip):
    options = CaptureOptions(
        asked=Asked(open_s=30.0, silent_s=0.6), patience=Patience(stalled_s=0.2)
    )
    with Watched(url, options) as watched:
        sender = send(url, clip)
        watched.wait_frames(3)
        sender.kill()
        watched.wait_for(State.RECONNECTING)
        send(url, clip)
        watched.wait(lambda: watched.capture.given.segment == 2)
        watched.wait_frames(3)
    states = watched.states()
    assert states[:4] == [State.CONNECTING, State.LIVE, State.STALLED, State.RECONNECTING]
    assert states[-1] is State.LIVE


def test_a_larger_picture_goes_through_without_anyone_doing_anything(url, send, clip, larger_clip):
    with Watched(url) as watched:
        send(url, clip, larger_clip)
        watched.wait(lambda: {frame.picture.width for frame in watched.frames} == {192, 320})
        watched.wait_frames(3)
    assert [event.segment for event in watched.events if event.state is event.before][:2] == [1, 2]
    indices = [frame.index for frame in watched.frames]
    assert indices == list(range(len(indices)))
    assert watched.capture.drops == {}


def test_a_sender_that_comes_back_with_another_codec_is_live_again(url, send, clip, tmp_path):
    other = write_prepared(
        tmp_path / "other.ts",
        moving_pictures((192, 144), 50),
        codec="mpeg2video",
        options={"b": "2M"},
    )
    options = CaptureOptions(asked=Asked(open_s=30.0, silent_s=0.6))
    with Watched(url, options) as watched:
        sender = send(url, clip)
        watched.wait_frames(3)
        sender.kill()
        sender.wait()
        send(url, other)
        watched.wait(lambda: watched.capture.given.codec == "mpeg2video")
        watched.wait_frames(3)


def test_frames_that_find_the_ring_full_are_counted():
    hold = threading.Event()
    options = CaptureOptions(ring_slots=2)
    with Watched(LIVELY, options, on_frame=lambda _: hold.wait(20)) as watched:
        watched.wait(lambda: watched.capture.given is not None)
        time.sleep(1.0)  # frames come and nobody takes them
        hold.set()
        watched.wait(lambda: watched.capture.drops.get("ring full", 0) > 0)
        watched.wait_frames(3)
    shown, capture = len(watched.frames), watched.capture
    assert capture.captured == shown + sum(capture.drops.values())
    gaps = sum(two.index - one.index - 1 for one, two in pairwise(watched.frames))
    assert gaps == capture.drops["ring full"]


def test_a_file_at_its_own_pace_ends_when_it_is_over(clip):
    with Watched(str(clip)) as watched:
        event = watched.wait_for(State.ENDED)
    assert event.reason == "it came to its end"
    assert len(watched.frames) + sum(watched.capture.drops.values()) == 100
    first, last = watched.frames[0], watched.frames[-1]
    assert last.arrived_at - first.arrived_at >= 0.95 * float(last.seconds - first.seconds)
    assert watched.capture.problem is None


def test_a_device_that_is_not_there_ends_it_with_a_line_for_the_user():
    with Watched("/dev/video97") as watched:
        watched.wait_for(State.ENDED)
    assert isinstance(watched.capture.problem, UnusableSourceError)
    assert str(watched.capture.problem).startswith("/dev/video97: there is no such device")


def test_tries_are_limited_where_a_limit_is_set(url):
    options = CaptureOptions(asked=Asked(open_s=0.1), restarts=2)
    with Watched(url, options) as watched:
        watched.wait_for(State.ENDED)
    assert isinstance(watched.capture.problem, SourceError)
    assert str(watched.capture.problem).startswith("given up after 2 tries")
    assert [event.state for event in watched.events].count(State.CONNECTING) == 2


def test_black_is_no_signal():
    with Watched("lavfi:color=black:size=192x144:rate=25") as watched:
        event = watched.wait_for(State.NO_SIGNAL)
    assert event.reason == "black"
    assert watched.frames


def test_a_picture_that_stands_still_is_frozen():
    options = CaptureOptions(patience=Patience(frozen_s=0.5))
    with Watched("lavfi:yuvtestsrc=size=192x144:rate=25", options) as watched:
        watched.wait_for(State.FROZEN)
    assert watched.states() == [State.CONNECTING, State.LIVE, State.FROZEN]


def test_what_a_callback_raises_ends_the_capture_and_is_kept():
    def fail(frame: object) -> None:
        raise ValueError("out of chalk")

    with Watched(LIVELY, on_frame=fail) as watched:
        watched.wait_for(State.ENDED)
    assert isinstance(watched.capture.problem, ValueError)


def test_close_returns_at_once_even_where_the_reader_hangs():
    with Watched(LIVELY) as watched:
        watched.wait_frames(1)
        reader = reader_of(watched)
        reader.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        watched.capture.close()
        assert time.monotonic() - began < 2.5
    reader.wait(20)


def test_disconnected_it_hardly_uses_the_processor(url):
    with Watched(url) as watched:
        watched.wait(lambda: reader_of(watched).num_threads() > 3)
        time.sleep(0.3)
        reader, main = reader_of(watched), psutil.Process()
        before = [sum(process.cpu_times()[:2]) for process in (reader, main)]
        time.sleep(2.0)
        used = [sum(process.cpu_times()[:2]) for process in (reader, main)]
    assert sum(used) - sum(before) < 0.05 * 2.0


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no /dev/shm to look into")
def test_nothing_is_left_behind():
    def mapped() -> set[str]:  # by this process: others may have rings of their own
        return set(re.findall(r"psm_\w+", Path("/proc/self/maps").read_text(encoding="utf-8")))

    with Watched(LIVELY) as watched:
        watched.wait_frames(1)
        rings = mapped()
        assert rings
        watched.capture.kill()
    assert not [name for name in rings if Path("/dev/shm", name).exists()]
