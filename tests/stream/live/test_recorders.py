"""Recording from `live`, with real processes: whole files, one clock, sums that add up."""

import _thread
import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import pytest
import yaml

from stream.live.journey import Journey
from stream.live.recorders import names_in_files, with_recorders
from stream.live.settings import LiveSettings
from stream.loopback import barcode
from stream.settings import merged

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 180.0
"""Enough for the busiest machine; nothing waits so long when all is well."""

SOURCE = "synthetic:?seed=7&fps=25&size=320x240&seconds=inf"
WORDS = ("--no-show", "-w", "fixed:", "--mask-age-limit-s", "30")
"""Limits that let masks flow on a machine that is busy with much else."""


def sidecar(folder, kind):
    (path,) = folder.glob(f"*.{kind}")
    return path


def account_in(folder):
    return json.loads(sidecar(folder, "segments.json").read_text())


def rows_in(folder):
    with sidecar(folder, "frames.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def pictures_in(path):
    """Time and number of every picture, and the file's unit of time."""
    with av.open(str(path)) as container:
        unit = container.streams.video[0].time_base
        return unit, {
            frame.pts * frame.time_base: barcode.read(frame.to_ndarray(format="gray"))
            for frame in container.decode(video=0)
        }


def live(*words):
    return subprocess.run(
        [sys.executable, "-m", "stream.cli", "live", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_run_is_recorded_from_its_first_frame_and_every_count_adds_up(tmp_path):
    words = ["--duration", "2", "--json", "--record", tmp_path, "--label", "case 7"]
    done = live(SOURCE, *WORDS, *words)
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])["rooms"][0]
    recorder, frames = last["recorder"], account_in(tmp_path)["frames"]
    assert recorder["captured"] == frames["captured"] == last["captured"] > 5
    assert frames["captured"] == frames["recorded"] + sum(frames["lost"].values())
    assert (recorder["recorded"], recorder["lost"]) == (frames["recorded"], frames["lost"])
    assert not recorder["recording"]
    rows = rows_in(tmp_path)
    assert len(rows) == frames["recorded"]
    assert all(row["notice"] or row["mask_age_s"] for row in rows)
    assert any(row["mask_age_s"] for row in rows)
    times = [float(row["seconds"]) for row in rows]
    for kind in ("annotated", "clean"):
        unit, pictures = pictures_in(sidecar(tmp_path, f"{kind}.mp4"))
        assert unit == Fraction(1, 90000)
        assert [round(float(seconds), 6) for seconds in pictures] == times
    assert not list(tmp_path.glob("*.partial*"))
    saved = merged(LiveSettings, sidecar(tmp_path, "settings.yaml"), {})
    assert (saved.label, saved.record) == ("case 7", tmp_path)
    assert "fixed:" in sidecar(tmp_path, "report.html").read_text()
    name = sidecar(tmp_path, "frames.csv").name.removesuffix(".frames.csv")
    assert name.startswith("case-7-")
    assert f"recording {tmp_path / name}" in done.stderr
    assert f"recorded {tmp_path / name}: {frames['captured']} frames captured = " in done.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_closes_a_stream_and_its_copy_whole(
    tmp_path, clip, url, send, start, number, status
):
    send(url, clip)
    child = start("live", url, *WORDS, "--json", "--record", tmp_path)
    try:
        while True:
            assert child.poll() is None
            recorder = json.loads(child.stdout.readline())["rooms"][0]["recorder"]
            if recorder is not None and recorder["recorded"] > 30:
                break
        os.killpg(child.pid, number)
        printed, said = child.communicate(timeout=PATIENCE_S)
    finally:
        child.kill()
    assert child.returncode == status
    assert "Traceback" not in said
    account = account_in(tmp_path)
    frames, packets = account["frames"], account["packets"]
    for counts in (frames, packets):
        assert counts["captured"] == counts["recorded"] + sum(counts["lost"].values())
    last = json.loads(printed.splitlines()[-1])["rooms"][0]["recorder"]
    assert (last["captured"], last["recorded"]) == (frames["captured"], frames["recorded"])
    (segment,) = account["segments"]
    assert segment["files"]["clean"]["made"] == "copied from the source"
    _, clean = pictures_in(sidecar(tmp_path, "clean.mp4"))
    _, annotated = pictures_in(sidecar(tmp_path, "annotated.mp4"))
    assert len(clean) == packets["recorded"]
    assert len(annotated) == frames["recorded"]
    assert annotated.keys() <= clean.keys()  # one clock
    assert None not in clean.values()
    # The notice may stand where the number is, as long as the view is not known.
    read = {seconds: index for seconds, index in annotated.items() if index is not None}
    assert len(read) > 20
    assert all(clean[seconds] == index for seconds, index in read.items())


def test_with_too_little_room_on_the_disk_the_picture_goes_on(tmp_path):
    done = live(
        SOURCE, *WORDS, "--duration", "1", "--json", "--record", tmp_path, "--keep-free", "999999TB"
    )
    assert done.returncode == 1
    assert "nothing is recorded from now on" in done.stderr
    last = json.loads(done.stdout.splitlines()[-1])["rooms"][0]
    assert last["captured"] == last["shown"] + sum(last["dropped"].values())
    assert last["shown"] > 0
    recorder = last["recorder"]
    assert (recorder["recording"], recorder["recorded"]) == (False, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, command):
    (tmp_path / "file").touch()
    ended = command("live", SOURCE, *WORDS, "--record", tmp_path / "file" / "in")
    assert ended.status == 1
    assert "name another folder with --record" in ended.complaint


class Run:
    """A run with its recorders, driven second by second."""

    def __init__(self, *sources, **settings):
        settings = {"weights": ("fixed:",), "report": False} | settings
        self.settings = LiveSettings(**settings)
        self.journey, self.said = Journey(sources, self.settings), []
        self.journey.listeners.append(self.said.append)
        self._run = ExitStack()

    def __enter__(self):
        self._run.enter_context(with_recorders(self.journey, self.settings))
        self._run.enter_context(self.journey)
        return self

    def __exit__(self, *error):
        return self._run.__exit__(*error)

    def wait(self, until):
        limit = time.monotonic() + PATIENCE_S
        for _ in self.journey.moments():
            if until():
                return
            assert time.monotonic() < limit

    def recorded(self, number=0):
        figures = self.journey.figures().rooms[number].recorder
        return 0 if figures is None else figures.recorded


def test_standing_by_nothing_is_recorded_until_it_is_started(tmp_path):
    with Run(SOURCE, record=tmp_path, standby=True) as run:
        run.wait(lambda: run.journey.figures().rooms[0].shown > 10)
        assert run.journey.figures().rooms[0].recorder is None
        (recorder,) = run.journey.recorders.values()
        assert recorder.start("one")
        run.wait(lambda: run.recorded() > 5)
        recorder.stop()
        stopped = run.journey.figures().rooms[0].shown
        run.wait(lambda: run.journey.figures().rooms[0].shown > stopped + 5)
    account = account_in(tmp_path)
    assert account["label"] == "one"
    shown = run.journey.figures().rooms[0].shown
    assert 5 < account["frames"]["recorded"] < shown - 10
    assert int(rows_in(tmp_path)[0]["index"]) >= 10


def test_rooms_are_recorded_apart_and_a_lost_reader_is_an_event_and_a_segment(tmp_path):
    other = SOURCE.replace("seed=7", "seed=8")
    with Run(SOURCE, other, record=tmp_path, recorded="clean") as run:
        run.wait(lambda: run.recorded(0) > 5 and run.recorded(1) > 5)
        run.journey.captures[1].kill()
        before = run.recorded(1)
        run.wait(lambda: run.recorded(1) > before + 10)
    accounts = [json.loads(path.read_text()) for path in tmp_path.glob("*.segments.json")]
    one, two = sorted(accounts, key=lambda account: len(account["segments"]))
    assert (one["room"], two["room"]) == (SOURCE, other)
    assert [segment["reason"] for segment in two["segments"]] == [
        "the recording began",
        "the source began anew",
    ]
    states = [event["state"] for event in two["events"]]
    assert states[-2:] == ["RECONNECTING", "LIVE"]
    for account in accounts:
        frames = account["frames"]
        assert frames["captured"] == frames["recorded"] + sum(frames["lost"].values())
        assert {kind for each in account["segments"] for kind in each["files"]} == {"clean"}


def test_in_sync_the_recording_has_each_frame_with_its_own_mask(tmp_path):
    with Run(SOURCE, record=tmp_path, sync=True, persistence_s=0.0) as run:
        run.wait(lambda: run.recorded() > 10)
    frames = account_in(tmp_path)["frames"]
    room = run.journey.figures().rooms[0]
    assert frames["captured"] == room.captured
    assert frames["recorded"] == room.shown
    assert sum(frames["lost"].values()) == sum(room.dropped.values())


def test_redacted_rooms_are_numbered_for_an_address_may_name_a_patient():
    rooms = ["rtsp://***@10.0.0.7/anna", "/dev/video0"]
    assert names_in_files(rooms, redact=True) == ["room1", "room2"]
    assert names_in_files(rooms, redact=False) == rooms
    assert names_in_files(rooms[:1], redact=False) == [""]


def test_the_saved_settings_of_a_redacted_recording_do_not_name_its_source(tmp_path):
    with Run(SOURCE, record=tmp_path, redact=True, view="80,40,160,160") as run:
        run.wait(lambda: run.recorded() > 3)
    for path in tmp_path.iterdir():
        assert "synthetic" not in path.name
        if path.suffix in (".json", ".yaml", ".csv"):
            assert "synthetic" not in path.read_text()
    assert yaml.safe_load(sidecar(tmp_path, "settings.yaml").read_text())["redact"] is True


class Slow:
    """A recorder that takes its time to finish, unless it is hurried."""

    failed = False

    def __init__(self):
        self.hurried, self.closes = threading.Event(), 0

    def close(self, *_):
        self.closes += 1
        _thread.interrupt_main()  # somebody presses Ctrl-C meanwhile
        assert self.hurried.wait(PATIENCE_S)

    def hurry(self):
        self.hurried.set()

    def figures(self, now):
        return None


def test_ctrl_c_while_recordings_are_finished_takes_the_shortest_way(tmp_path):
    settings = LiveSettings(weights=("fixed:",), record=tmp_path, standby=True)
    journey, slow = Journey([SOURCE], settings), Slow()
    with pytest.raises(KeyboardInterrupt), with_recorders(journey, settings):
        journey.recorders[SOURCE].close()
        journey.recorders[SOURCE] = slow
    assert slow.closes == 1
