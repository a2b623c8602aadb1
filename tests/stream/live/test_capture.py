"""Capture by a process that is killed, stopped and starved, over UDP loopback."""

import re
import shlex
import signal
import sys
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from stream.capture import Asked, CaptureOptions
from stream.errors import SourceError, UnusableSourceError
from stream.health import Patience, State
from stream.loopback import barcode
from stream.loopback.prepared import write_prepared
from tests.stream.live.moving import moving_pictures
from tests.stream.live.watched import Watched

LIVELY = "lavfi:testsrc2=size=192x144:rate=25"


STEADY = Patience(stalled_s=30.0)
"""A busy machine stops for a second now and then, and that is not what is looked at."""


def readers() -> list[psutil.Process]:
    """The processes that read for captures; none for a moment while one starts."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def reader_of(watched: Watched) -> psutil.Process:
    """The process that reads for a capture."""
    watched.wait(lambda: len(readers()) == 1)
    (reader,) = readers()
    return reader


def test_frames_arrive_in_order_with_their_packets(url, send, clip):
    options = CaptureOptions(asked=Asked(packets=True), ring_slots=50, patience=STEADY)
    with Watched(url, options) as watched:
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
        hung, before = reader_of(watched), len(watched.events)
        hung.send_signal(signal.SIGSTOP)
        event = watched.wait_for(State.RECONNECTING, before)
        assert event.before is State.STALLED
        assert event.reason == "its reader hung, and was ended"
        watched.wait_for(State.LIVE, watched.events.index(event))
        watched.wait_frames(3)
        assert not hung.is_running()


def test_a_sender_that_is_gone_stalls_is_lost_and_is_live_again_when_it_is_back(url, send, clip):
    options = CaptureOptions(
        asked=Asked(open_s=30.0, silent_s=0.6), patience=Patience(stalled_s=0.2)
    )
    with Watched(url, options) as watched:
        sender = send(url, clip)
        watched.wait_frames(3)
        before, segment = len(watched.events), watched.capture.given.segment
        sender.kill()
        lost = watched.wait_for(State.RECONNECTING, before)
        assert lost.before is State.STALLED
        send(url, clip)
        again = watched.wait_for(State.LIVE, watched.events.index(lost))
        assert again.segment > segment
        watched.wait_frames(3)
    assert watched.states()[:2] == [State.CONNECTING, State.LIVE]


def test_a_larger_picture_goes_through_without_anyone_doing_anything(url, send, clip, larger_clip):
    with Watched(url, CaptureOptions(ring_slots=50, patience=STEADY)) as watched:
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


def test_frames_that_come_all_at_once_at_the_start_wait_for_whoever_takes_them():
    burst = [sys.executable, "-m", "tests.stream.live.program", "--pictures", "20", "--burst"]
    options = CaptureOptions(ring_slots=2, patience=STEADY)
    with Watched(f"exec:{shlex.join(burst)}", options) as watched:
        watched.wait_for(State.ENDED)
    assert [frame.index for frame in watched.frames] == list(range(20))
    assert watched.capture.drops == {}


def test_frames_that_find_the_ring_full_are_counted():
    options = CaptureOptions(ring_slots=2, patience=STEADY)
    with Watched(LIVELY, options, on_frame=lambda _: time.sleep(0.2)) as watched:
        watched.wait(lambda: watched.capture.drops.get("ring full", 0) > 0)
        watched.wait_frames(3)
    shown, capture = len(watched.frames), watched.capture
    assert capture.captured == shown + sum(capture.drops.values())
    gaps = set(range(capture.captured)) - {frame.index for frame in watched.frames}
    assert len(gaps) == capture.drops["ring full"]


def test_a_file_at_its_own_pace_ends_when_it_is_over(larger_clip):
    with Watched(str(larger_clip)) as watched:
        event = watched.wait_for(State.ENDED)
    assert event.reason == "it came to its end"
    assert len(watched.frames) + sum(watched.capture.drops.values()) == 25
    first, last = watched.frames[0], watched.frames[-1]
    # Not at once: where the first came late, the others still come in time.
    assert last.arrived_at - first.arrived_at >= 0.5 * float(last.seconds - first.seconds)
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
    options = CaptureOptions(patience=Patience(stalled_s=30.0, frozen_s=0.5))
    with Watched("lavfi:yuvtestsrc=size=192x144:rate=25", options) as watched:
        watched.wait_for(State.FROZEN)
    assert watched.states() == [State.CONNECTING, State.LIVE, State.FROZEN]


def test_what_a_callback_raises_ends_the_capture_and_is_kept():
    def fail(frame: object) -> None:
        raise ValueError("out of chalk")

    with Watched(LIVELY, on_frame=fail) as watched:
        watched.wait_for(State.ENDED)
    assert isinstance(watched.capture.problem, ValueError)


def test_close_ends_even_a_reader_that_hangs():
    with Watched(LIVELY) as watched:
        watched.wait_frames(1)
        reader = reader_of(watched)
        reader.send_signal(signal.SIGSTOP)
        watched.capture.close()
    reader.wait(60)


def test_disconnected_it_hardly_uses_the_processor(url):
    with Watched(url) as watched:
        processes = (reader_of(watched), psutil.Process())

        def share_of_a_core() -> float:
            """Over a second: it starts first, and this process may have to do with more."""
            began, before = time.monotonic(), used()
            time.sleep(1.0)
            return (used() - before) / (time.monotonic() - began)

        def used() -> float:
            return sum(sum(process.cpu_times()[:2]) for process in processes)

        watched.wait(lambda: share_of_a_core() < 0.05)
        assert watched.capture.state is State.CONNECTING


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
