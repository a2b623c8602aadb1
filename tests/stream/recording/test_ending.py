"""How recordings end: sidecars and report, a disk that fills, a disk that fails."""

import json
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import yaml

from stream.health import Event, State
from stream.recording import About
from stream.recording.recording import ENDED_BEFORE
from stream.recording.take import DISK_ALMOST_FULL, FAILED
from stream.source.file import open_file

ROOT = Path(__file__).parents[3]


def about():
    return About(
        source="rtsp://***@room", weights="compact", runs_on="CPU", settings={"threshold": 0.5}
    )


def test_sidecars_and_report_stand_beside_the_recording(recorded, seen):
    room = recorded(report=True, segment_s=0.6, about=about, free=lambda folder: 10**12)
    room.recorder.start("case 7")
    room.show(seen(index, polyp=index > 5) for index in range(20))
    assert room.recorder.bookmark("retroflexion")
    room.show(seen(index, polyp=True) for index in range(20, 30))
    room.recorder.close()
    name = room.files("segments")[0].name.removesuffix(".segments.json")
    assert sorted(path.name.removeprefix(name) for path in room.folder.iterdir()) == [
        "-001.annotated.mp4",
        "-001.clean.mp4",
        "-002.annotated.mp4",
        "-002.clean.mp4",
        ".bookmarks.json",
        ".frames.csv",
        ".report.html",
        ".segments.json",
        ".settings.yaml",
        ".sightings.json",
    ]
    (bookmark,) = room.sidecar("bookmarks")["bookmarks"]
    assert (bookmark["index"], bookmark["seconds"]) == (19, 0.76)
    (sighting,) = room.sidecar("sightings")["sightings"]
    assert (sighting["first"]["index"], sighting["last"]["index"]) == (6, 29)
    assert yaml.safe_load(room.files("settings")[0].read_text()) == {"threshold": 0.5}
    report = room.files("report")[0].read_text()
    assert f"{name}-002.annotated.mp4#t=0.160" in report  # 0.76 s, in a file that begins at 0.6
    assert "retroflexion" in report
    assert room.warnings == []


def test_finished_files_have_their_index_in_front(recorded, seen, times_in):
    room = recorded(free=lambda folder: 10**12)
    room.recorder.start()
    room.show(seen(index) for index in range(5))
    room.recorder.close()
    for kind in ("annotated", "clean"):
        content = room.files(kind)[0].read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")
        assert b"moof" not in content


def test_without_room_for_a_copy_files_get_their_names_as_they_are(recorded, seen, times_in):
    room = recorded()
    room.recorder.start()
    room.show(seen(index) for index in range(5))
    room.recorder.close()
    assert b"moof" in room.files("clean")[0].read_bytes()
    assert len(times_in(room.files("clean")[0])) == 5


def test_a_recording_that_is_stopped_at_once_leaves_nothing(recorded):
    room = recorded()
    assert room.recorder.start()
    assert room.recorder.stop()
    room.close()
    assert not room.folder.exists()
    assert room.warnings == []


def test_a_disk_that_is_almost_full_ends_the_recording_whole_and_says_what_to_do(
    recorded, seen, times_in
):
    answers = iter([1, 1, *[0] * 100])  # room at first, then none above the margin
    room = recorded(free=lambda folder: next(answers, 0), margin_bytes=0)
    room.recorder.start()
    for index in range(10):
        room.recorder.offer(seen(index))
    while room.recorder.is_recording:
        time.sleep(0.01)
        index += 1
        room.recorder.offer(seen(index))
    room.recorder.offer(seen(index + 1))  # the picture goes on
    room.close()
    frames = room.sidecar("segments")["frames"]
    assert frames["captured"] == frames["recorded"] + sum(frames["lost"].values())
    assert set(frames["lost"]) <= {DISK_ALMOST_FULL}
    assert len(times_in(room.files("annotated")[0])) == frames["recorded"] > 0
    (warning,) = room.warnings
    assert "free some space, or name another folder with --record" in warning


def test_without_room_nothing_is_begun_and_that_is_said(recorded, seen):
    room = recorded(free=lambda folder: 5, margin_bytes=10**9)
    room.recorder.start()
    room.recorder.offer(seen(0))
    while room.recorder.is_recording:
        time.sleep(0.005)
    room.close()
    assert not room.folder.exists()
    (warning,) = room.warnings
    assert "less than 1.0 GB are free" in warning
    assert "nothing is recorded from now on" in warning


def test_a_folder_that_cannot_be_written_is_one_line_and_the_picture_goes_on(
    recorded, seen, tmp_path
):
    (tmp_path / "file").touch()
    room = recorded(folder=tmp_path / "file")
    room.recorder.start()
    for index in range(5):
        room.recorder.offer(seen(index))
    room.close()
    (warning,) = room.warnings
    assert "nothing can be recorded there" in warning
    assert "\n" not in warning


FULL = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    from stream.recording import LiveRecording, RecordingOptions
    from stream.sink.encoder_settings import EncoderSettings
    from tests.stream.recording.conftest import Recorded, seen_of

    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
    folder = Path(sys.argv[1])
    options = RecordingOptions(
        folder, clean=False, encoding=EncoderSettings(preset="ultrafast", crf=1), report=False
    )
    recorder = LiveRecording(options, warn=print, free=lambda path: options.margin_bytes + 1)
    room = Recorded(recorder, folder, [])
    recorder.start()
    for index in range(60):
        recorder.offer(seen_of(index, size=(320, 240)))
    room.settle()
    recorder.close(patience_s=0)
    """
)


def test_a_disk_that_fails_keeps_what_was_written_and_counts_the_rest(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "disk is full" in ran.stdout
    assert "nothing is recorded from now on" in ran.stdout
    (account,) = tmp_path.glob("*.segments.json")
    frames = json.loads(account.read_text())["frames"]
    assert frames["captured"] == frames["recorded"] + sum(frames["lost"].values())
    assert set(frames["lost"]) == {FAILED}
    (partial,) = tmp_path.glob("*.annotated.partial.mp4")
    with open_file(partial) as kept:
        assert len(list(kept)) == frames["recorded"] > 0


def test_what_waits_when_the_program_is_ended_is_lost_and_counted(recorded, seen, times_in):
    asked, answers = threading.Event(), threading.Event()

    def free(folder):
        asked.set()
        answers.wait()
        return 1

    room = recorded(free=free, margin_bytes=0)
    room.recorder.start()
    for index in range(20):
        room.recorder.offer(seen(index))
    asked.wait()  # the writer hangs with the first one
    closing = threading.Thread(target=room.recorder.close, args=(0.0, 0.1))
    closing.start()
    room.recorder.hurry()
    answers.set()
    closing.join()
    frames = room.sidecar("segments")["frames"]
    assert (frames["captured"], frames["recorded"]) == (20, 1)
    assert frames["lost"] == {ENDED_BEFORE: 19}
    for kind in ("annotated", "clean"):
        assert len(times_in(room.files(f"{kind}.mp4")[0])) == 1
    assert not room.recorder.failed
    assert room.said == [
        f"recording {room.base}",
        f"recorded {room.base}: 20 frames captured = 1 recorded + 19 lost (19 {ENDED_BEFORE})",
    ]


def test_a_recording_tells_when_the_source_changed_and_why(recorded, seen):
    room = recorded()
    room.recorder.start()
    room.show(seen(index) for index in range(10))
    for at, state in ((0.5, "NO SIGNAL"), (0.7, "NO SIGNAL"), (0.9, "LIVE")):
        room.recorder.note(Event(at, State(state), State.LIVE, "black", 1))
    room.show(seen(index, notice="AI OFF - NO SIGNAL") for index in range(10, 20))
    room.close()
    assert room.sidecar("segments")["events"] == [
        {"seconds": 0.5, "state": "NO SIGNAL", "reason": "black"},
        {"seconds": 0.9, "state": "LIVE", "reason": "black"},
    ]
    rows = room.files("frames.csv")[0].read_text().splitlines()
    assert [row.endswith(",AI OFF - NO SIGNAL") for row in rows[1:]] == [False] * 10 + [True] * 10


def test_a_redacted_recording_does_not_say_why_the_source_changed(recorded, seen):
    room = recorded(redact=True)
    room.recorder.start()
    room.show([seen(0)])
    room.recorder.note(Event(0.5, State.RECONNECTING, State.LIVE, "rtsp://anna: is lost", 1))
    room.show([seen(1)])
    room.close()
    (event,) = room.sidecar("segments")["events"]
    assert event == {"seconds": 0.5, "state": "RECONNECTING", "reason": ""}


def test_what_a_recording_came_to_can_be_read_when_it_is_over(recorded, seen):
    room = recorded()
    assert room.recorder.figures(time.monotonic()) is None
    room.recorder.start()
    room.show(seen(index) for index in range(5))
    assert room.recorder.figures(time.monotonic()).recording
    room.close()
    figures = room.recorder.figures(time.monotonic() + 100)
    assert (figures.recording, figures.captured, figures.recorded) == (False, 5, 5)
    assert 0 < figures.seconds < 100
    assert figures.name == room.base.name
