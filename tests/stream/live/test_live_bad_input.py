"""What is not as it should be in the room, by whole runs of real processes over loopback."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stream.live.settings import LiveSettings
from tests.stream.live import servers
from tests.stream.live.made import Keeper
from tests.stream.live.running import PATIENCE_S, Running

ROOT = Path(__file__).resolve().parents[3]
PATIENT = {"weights": ("fixed:",), "persistence_s": 0.0, "view": "full", "mask_age_limit_s": 30.0}
"""Masks that a busy machine does not take away."""


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Figures come often, so that what is waited for is seen soon."""
    monkeypatch.setattr("stream.live.journey.SECOND_S", 0.1)


def running(url):
    """A run on a source, not started yet, and a screen and a branch that keep what they get."""
    journey, screen, branch = Running([url], LiveSettings(**PATIENT)), Keeper(), Keeper()
    journey.rooms[0].showing.screens.append(screen)
    journey.rooms[0].showing.branches.append(branch)
    return journey, screen, branch


def has_masks(branch, width=192):
    """Whether the latest frame is of this width and has a mask."""
    latest = branch.shown[-1:]
    return any(each.mask and each.frame.picture.width == width for each in latest)


@pytest.mark.parametrize("kind", ["rtsp", "http"])
def test_a_wrong_password_ends_the_run_with_a_line_that_does_not_show_it(command, clip, kind):
    serve = {"rtsp": servers.rtsp_server, "http": servers.http_server}[kind]
    with serve(clip) as port:
        address = f"{kind}://{servers.USER}:tell-nobody@127.0.0.1:{port}/live.ts"
        ended = command("live", address, "--no-show", "-w", "fixed:")
    assert ended.status == 1
    assert ended.complaint.endswith("refuses this user name and password")
    assert "tell-nobody" not in ended.said + ended.printed
    assert servers.USER not in ended.said + ended.printed


def test_a_sender_that_changes_size_is_shown_with_masks_of_the_new_size(
    url, send, clip, larger_clip
):
    journey, _, branch = running(url)
    with journey:
        send(url, clip, larger_clip)
        journey.wait(lambda: has_masks(branch, 192))
        journey.wait(lambda: has_masks(branch, 320))
    for shown in branch.shown:
        assert shown.mask is None or shown.view == shown.frame.picture.whole
    assert journey.rooms[0].dropped == {}


@pytest.mark.parametrize("loss", ["0.05", "0.2"])
def test_the_picture_goes_on_with_masks_while_packets_get_lost(url, send, larger_clip, loss):
    journey, _, branch = running(url)
    lost = "a part of the stream was lost on its way"
    with journey:
        send(url, larger_clip, "--loss", loss, "--seed", "3")
        journey.wait(lambda: has_masks(branch, 320))
        shown = len(branch.shown)
        journey.wait(lambda: len(branch.shown) > shown + 25 and has_masks(branch, 320))
        journey.wait(lambda: journey.captures[0].warnings.get(lost, 0) > 0)
    capture = journey.captures[0]
    assert len(branch.shown) == capture.captured - sum(capture.drops.values())


def test_a_stream_without_pictures_says_so_until_they_come_again(url, send, clip):
    journey, screen, branch = running(url)
    with journey:
        sender = send(url, clip)
        journey.wait(lambda: has_masks(branch))
        before = len(screen.shown)
        sender.kill()
        journey.wait(lambda: "AI OFF - STALLED" in screen.notices[before:])
        journey.wait(lambda: "AI OFF - RECONNECTING" in screen.notices[before:])
        assert screen.shown[-1].mask is None
        gone = len(branch.shown)
        send(url, clip)
        journey.wait(lambda: len(branch.shown) > gone + 3 and has_masks(branch))
        assert journey.captures[0].given.segment > 1


REFUSING = """
import errno, os, stat
from fractions import Fraction
from types import SimpleNamespace
from stream.source import device, v4l2

case, open_other = os.environ["REFUSED"], device.av.open
formats = (v4l2.DeviceFormat("MJPG", "mjpeg", ((1920, 1080, (Fraction(60),)),)),)
v4l2.describe = lambda path: v4l2.Device(path, "USB grabber", "uvcvideo", formats)

def open_none(path, **how):
    if how.get("format") == "v4l2":
        raise OSError({"busy": errno.EBUSY, "format": errno.EINVAL}[case], "as the system says it")
    return open_other(path, **how)

facts = SimpleNamespace(st_mode=stat.S_IFCHR, st_gid=44)
device.Path = lambda path: SimpleNamespace(stat=lambda: facts)
device.os = SimpleNamespace(R_OK=4, W_OK=2, access=lambda *_: case != "permission")
device.av.open = open_none
"""
"""In every process of a run: a capture card that cannot be had, since there is none here."""


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("busy", "/dev/video0: is in use by another program: close that one"),
        ("permission", "/dev/video0: no permission to read it: only the group '"),
        (
            "format",
            "/dev/video0: does not give what is asked for; USB grabber has: mjpeg 1920x1080",
        ),
    ],
    ids=["busy", "permission", "format"],
)
def test_a_device_that_cannot_be_had_ends_the_run_with_a_line_on_what_to_do(tmp_path, case, said):
    (tmp_path / "sitecustomize.py").write_text(REFUSING)
    words = ["/dev/video0", "--input-format", "nv12", "--no-show", "-w", "fixed:"]
    done = run(tmp_path, *words, REFUSED=case)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"divergent-stream: {said}")
    assert "Traceback" not in done.stderr


def test_a_device_that_is_not_there_ends_the_run_with_those_that_are(command):
    ended = command("live", "/dev/video97", "--no-show", "-w", "fixed:")
    assert ended.status == 1
    assert "/dev/video97: there is no such device; " in ended.complaint


def run(folder, *words, **more):
    """A run in a process of its own that reads the `sitecustomize` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "stream.cli", "live", *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])} | more,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


JUMPING = """
import datetime, itertools, random, time

chance = random.Random(5)
wrong = lambda: chance.uniform(-1, 1) * 86400 * 365
real, real_ns, day = time.time, time.time_ns, datetime.datetime

class Jumping(day):
    @classmethod
    def now(cls, tz=None):
        return day.now(tz) + datetime.timedelta(seconds=wrong())

time.time = lambda: real() + wrong()
time.time_ns = lambda: real_ns() + int(1e9 * wrong())
datetime.datetime = Jumping
"""
"""In every process of a run: the clock on the wall jumps by up to a year whenever it is read."""


def test_a_clock_on_the_wall_that_jumps_changes_nothing(tmp_path, url, send, clip):
    (tmp_path / "sitecustomize.py").write_text(JUMPING)
    send(url, clip)
    words = ["--no-show", "--json", "-w", "fixed:", "--view", "full", "--mask-age-limit-s", "30"]
    done = run(tmp_path, url, *words, "--duration", "2")
    assert done.returncode == 0, done.stderr
    seconds = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({second["time"][:4] for second in seconds}) > 1  # it does jump
    (room,) = seconds[-1]["rooms"]
    assert room["captured"] == room["shown"] + sum(room["dropped"].values()) > 10
    for delay in (room["latency"], room["display"]):
        assert 0 < delay["p50"] <= delay["max"] < PATIENCE_S
    assert "LIVE: pictures arrive" in done.stderr
    assert "RECONNECTING" not in done.stderr


def test_ctrl_c_twice_ends_at_once_and_leaves_a_recording_that_plays(
    start, tmp_path, url, send, clip, frames_in
):
    send(url, clip)
    words = ["--no-show", "--json", "-w", "fixed:", "--view", "full", "--record", tmp_path]
    child = start("live", url, *words)
    try:
        while True:
            assert child.poll() is None
            recorder = json.loads(child.stdout.readline())["rooms"][0]["recorder"]
            if recorder is not None and recorder["recorded"] > 30:
                break
        os.killpg(child.pid, signal.SIGINT)
        os.killpg(child.pid, signal.SIGINT)
        _, said = child.communicate(timeout=PATIENCE_S)
    finally:
        child.kill()
    assert child.returncode == 130
    assert "Traceback" not in said
    files = sorted(tmp_path.glob("*.clean*.mp4"))
    assert files
    assert frames_in(files[0]) > 0
