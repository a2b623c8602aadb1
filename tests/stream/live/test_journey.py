"""Live from end to end, with real processes: it shows, counts, survives and ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stream.live.settings import LiveSettings
from tests.stream.live.made import Keeper
from tests.stream.live.running import PATIENCE_S, Running

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "synthetic:?seed=7&fps=25&size=320x240&seconds=inf"
LIVE = """
import json, sys
from stream.cli import main

if __name__ == "__main__":
    try:
        main(["live", *sys.argv[1:]])
    finally:
        heavy = {"torch", "segmentation_models_pytorch", "timm", "openvino"}
        print(json.dumps(sorted(heavy & sys.modules.keys())))
"""


def shared_memory(process):
    """The blocks that a process has mapped."""
    maps = Path(f"/proc/{process.pid}/maps").read_text().splitlines()
    return {Path(line.split()[-1]) for line in maps if "/dev/shm/" in line}


def soon(happened):
    """Wait until something is so."""
    limit = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < limit
        time.sleep(0.02)


def is_empty(group):
    """Whether no process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_run_shows_counts_says_it_in_json_and_ends():
    # Limits that let masks flow on a machine that is busy with much else.
    words = ["--duration", "2", "--json", "-w", "fixed:", "--mask-age-limit-s", "30"]
    done = subprocess.run(
        [sys.executable, "-c", LIVE, SOURCE, "--no-show", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    *seconds, heavy = (json.loads(line) for line in done.stdout.splitlines())
    assert heavy == []  # the main process needs no network library
    assert len(seconds) >= 3
    (room,) = seconds[-1]["rooms"]
    assert room["name"] == SOURCE
    assert room["given"] == "320x240 synthetic 25 fps"
    assert room["shown"] > 5
    assert room["captured"] == room["shown"] + sum(room["dropped"].values())
    assert 0 < room["latency"]["p50"] <= room["latency"]["max"]
    assert seconds[-1]["engine"] == "fixed:, no networks"
    flowing = [second["rooms"][0] for second in seconds if not second["rooms"][0]["notice"]]
    assert flowing
    assert all(each["mask_age_s"] is not None for each in flowing)
    assert f"{SOURCE}: LIVE: " in done.stderr
    assert f"{room['captured']} frames captured = {room['shown']} shown" in done.stderr


def test_ctrl_c_closes_everything(start):
    child = start("live", SOURCE, "--no-show", "--json", "-w", "fixed:")
    try:
        while not json.loads(child.stdout.readline())["rooms"][0]["shown"]:
            assert child.poll() is None
        rings = shared_memory(child)
        os.killpg(child.pid, signal.SIGINT)  # as a terminal sends it: to all
        _, said = child.communicate(timeout=PATIENCE_S)
    finally:
        child.kill()
    assert child.returncode == 130
    assert "Traceback" not in said
    assert said.splitlines()[-1] == "divergent-stream: interrupted"
    assert rings
    soon(lambda: is_empty(child.pid))
    assert not any(ring.exists() for ring in rings)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Figures come often, so that what is waited for is seen soon."""
    monkeypatch.setattr("stream.live.journey.SECOND_S", 0.1)


def test_engine_and_reader_may_be_killed_and_the_picture_goes_on(monkeypatch):
    # The restart outlasts the age that a mask may have, or nothing would have to be said.
    monkeypatch.setattr("stream.inference.process.PAUSES_S", (2.0,))
    screen, recorder, said = Keeper(), Keeper(), []
    settings = LiveSettings(weights=("fixed:",), persistence_s=0.0, mask_age_limit_s=0.6)
    journey = Running([SOURCE], settings)
    journey.rooms[0].showing.branches.append(recorder)
    journey.rooms[0].showing.screens.append(screen)
    journey.listeners.append(said.append)
    with journey:
        journey.wait(lambda: "" in recorder.notices)
        journey.inference.kill()
        killed = len(recorder.shown)
        journey.wait(lambda: "AI OFF - restarting" in recorder.notices)
        journey.wait(lambda: not recorder.notices[-1])
        assert len(recorder.shown) > killed + 3
        journey.captures[0].kill()
        journey.wait(lambda: "AI OFF - RECONNECTING" in screen.notices)
        journey.wait(lambda: not recorder.notices[-1])
        room = journey.figures().rooms[0]
    assert recorder.indices == sorted(set(recorder.indices))
    assert room.captured >= room.shown
    assert any("the engine was ended by SIGKILL" in line for line in said)
    assert any("RECONNECTING" in line for line in said)


def test_in_sync_every_frame_has_its_own_mask():
    recorder = Keeper()
    settings = LiveSettings(weights=("fixed:",), persistence_s=0.0, sync=True, batch=2)
    journey = Running([SOURCE], settings)
    journey.rooms[0].showing.branches.append(recorder)
    with journey:
        journey.wait(lambda: sum(each.mask is not None for each in recorder.shown) > 5)
    own = [each for each in recorder.shown if each.prediction is not None]
    assert all(each.prediction.frame_index == each.frame.index for each in own)
    room = journey.figures().rooms[0]
    assert room.captured == room.shown + sum(room.dropped.values())


def test_one_source_that_cannot_be_had_does_not_keep_another_from_being_shown(command):
    words = ["--no-show", "--duration", "1", "-w", "fixed:", "--mask-age-limit-s", "0.00001"]
    ended = command("live", "/dev/video97", SOURCE, *words)
    assert ended.status == 1
    assert "/dev/video97: ENDED: " in ended.said
    assert "0 frames captured = 0 shown" in ended.said
    assert f"{SOURCE}: LIVE" in ended.said
    assert "more than half of the 0 ms that a mask may be old" in ended.said  # told at the start


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["/dev/video97"], 1, "no such device"),
        ([SOURCE, "-w", "no/such/weights"], 1, "no/such/weights"),
        (["clip.mp4"], 2, "--realtime"),
        (["synthetic:?sed=7"], 2, "did you mean seed?"),
        (["udp://127.0.0.1"], 2, "names no port"),
        ([], 2, "SOURCE"),
    ],
)
def test_what_cannot_be_shown_is_one_line(command, words, status, said):
    ended = command("live", *words, "--no-show")
    assert ended.status == status
    assert said in ended.complaint
