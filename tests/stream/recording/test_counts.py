"""Captured = recorded + lost, whatever happens in whatever order, and however slow the encoder."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.recording import LiveRecording, RecordingOptions
from stream.ring import bytes_of
from stream.sink.encoder_settings import EncoderSettings

STEPS = st.lists(
    st.sampled_from(["frame"] * 8 + ["skip", "start", "stop", "resize", "reconnect", "bookmark"]),
    min_size=1,
    max_size=40,
)


def pictures_in(folder: Path, kind: str) -> int:
    """Pictures of all files of a kind, read back."""
    count = 0
    for path in folder.glob(f"*.{kind}.mp4"):
        with av.open(str(path)) as container:
            count += sum(1 for _ in container.decode(video=0))
    return count


def rows_in(folder: Path) -> int:
    count = 0
    for path in folder.glob("*.frames.csv"):
        with path.open(newline="") as file:
            count += sum(1 for _ in csv.DictReader(file))
    return count


@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, waiting=st.integers(1, 6), preset=st.sampled_from(["ultrafast", "slower"]))
def test_every_captured_frame_is_in_the_files_or_lost_for_a_reason(
    seen, sent, steps, waiting, preset
):
    with TemporaryDirectory() as name:
        folder, warnings = Path(name), []
        options = RecordingOptions(
            folder,
            encoding=EncoderSettings(preset=preset),
            queue_bytes=waiting * bytes_of(seen(0).frame.picture),
            report=False,
        )
        room = LiveRecording(
            options, warn=warnings.append, free=lambda path: options.margin_bytes + 1
        )
        given_now, index, size = replace(sent(1).given, has_packets=False), 0, (96, 64)
        for step in ["start", *steps]:
            match step:
                case "frame":
                    room.offer(seen(index, size=size))
                    index += 1
                case "skip":
                    index += 1
                case "start":
                    room.start()
                case "stop":
                    room.stop()
                case "resize":
                    size = size[::-1]
                case "reconnect":
                    given_now = replace(given_now, segment=given_now.segment + 1)
                    room.change(given_now)
                case "bookmark":
                    room.bookmark()
        room.close(patience_s=0)
        accounts = [read(path)["frames"] for path in folder.glob("*.segments.json")]
        for frames in accounts:
            assert frames["captured"] == frames["recorded"] + sum(frames["lost"].values())
            assert sum(sum(gap["lost"].values()) for gap in frames["gaps"]) == sum(
                frames["lost"].values()
            )
        recorded = sum(frames["recorded"] for frames in accounts)
        assert pictures_in(folder, "annotated") == pictures_in(folder, "clean") == recorded
        assert rows_in(folder) == recorded
        assert not list(folder.glob("*partial*"))


def read(path: Path):

    return json.loads(path.read_text())


@pytest.mark.parametrize("copied", [False, True])
def test_an_encoder_that_is_too_slow_loses_frames_and_no_count(recorded, sent, shown, copied):
    source = sent(40, size=(320, 240))
    frame_bytes = bytes_of(source.frames[0].picture)
    room = recorded(encoding=EncoderSettings(preset="veryslow"), queue_bytes=4 * frame_bytes)
    room.recorder.change(replace(source.given, has_packets=copied))
    room.recorder.start()
    room.play(source)  # as fast as it goes
    room.close()
    account = room.sidecar("segments")
    frames = account["frames"]
    assert frames["lost"].keys() == {"the recorder's queue was full"}
    assert frames["captured"] == 40 == frames["recorded"] + sum(frames["lost"].values())
    assert pictures_in(room.folder, "annotated") == frames["recorded"]
    if copied:  # packets are small, and have room of their own
        assert account["packets"]["recorded"] == pictures_in(room.folder, "clean") == 40
    assert sum("too slow" in warning for warning in room.warnings) >= 1
