"""Recording what a room shows: both files on one clock, on and off at any time."""

import csv
import threading
import time
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from stream.errors import SettingsError
from stream.recording.ledger import NOT_RECEIVED
from stream.recording.recording import QUEUE_FULL
from stream.ring import bytes_of
from stream.sink.encoder_settings import EncoderSettings

SECONDS = [Fraction(number, 25) for number in range(30)]


def rows_in(folder, label=""):
    (table,) = folder.glob(f"{label}*.frames.csv")
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def luma_in(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]


def test_clean_and_annotated_files_have_the_sources_times_and_their_own_pictures(
    recorded, seen, times_in
):
    room = recorded()
    room.recorder.start("case 7")
    room.show(seen(index, pts=450_007 + index * 3600, polyp=True) for index in range(30))
    room.close()
    (annotated,), (clean,) = room.files("annotated"), room.files("clean")
    assert times_in(annotated) == times_in(clean) == SECONDS
    assert annotated.name.startswith("case-7-")
    assert annotated.name.endswith("-001.annotated.mp4")
    brighter = np.subtract(luma_in(annotated), luma_in(clean))
    assert 65 < brighter.min() <= brighter.max() < 75
    assert room.warnings == []


def test_nothing_waits_for_a_disk_that_hangs(recorded, seen):
    answers = threading.Event()

    def free(folder):
        answers.wait()
        return 10**12

    room = recorded(free=free, margin_bytes=0)
    frames = [seen(index) for index in range(20)]
    for label, part in (("a", frames[:10]), ("b", frames[10:])):
        assert room.recorder.start(label)
        for frame in part:
            room.recorder.offer(frame)
        assert room.recorder.bookmark("still here")
        assert room.recorder.stop()
    figures = room.recorder.figures(time.monotonic())
    assert (figures.captured, figures.recorded) == (10, 0)
    assert figures.queue_bytes > 0
    answers.set()
    room.close()
    assert [len(rows_in(room.folder, label)) for label in ("a", "b")] == [10, 10]


def test_only_what_comes_between_start_and_stop_is_recorded(recorded, seen, times_in):
    room = recorded()
    frames = [seen(index) for index in range(40)]
    room.show(frames[:5])
    assert not room.recorder.stop()
    assert not room.recorder.bookmark()
    assert room.recorder.start("one")
    assert not room.recorder.start("another")
    room.show(frames[5:15])
    room.recorder.stop()
    room.show(frames[15:30])
    room.recorder.start("two")
    room.show(frames[30:])
    room.close()
    assert [row["index"] for row in rows_in(room.folder, "one")] == [str(n) for n in range(5, 15)]
    assert [row["index"] for row in rows_in(room.folder, "two")] == [str(n) for n in range(30, 40)]
    for path in room.files("annotated"):
        assert times_in(path) == SECONDS[:10]


def test_a_full_queue_drops_the_newest_counts_them_and_says_so_once(recorded, seen):
    answers = threading.Event()

    def free(folder):
        answers.wait()
        return 10**12

    frames = [seen(index) for index in range(12)]
    room = recorded(free=free, margin_bytes=0, queue_bytes=4 * bytes_of(frames[0].frame.picture))
    room.recorder.start()
    room.recorder.offer(frames[0])
    while room.recorder.figures(0.0).queue_bytes:  # until the writer hangs with it
        time.sleep(0.001)
    for frame in frames[1:10]:
        room.recorder.offer(frame)
    answers.set()
    room.settle()
    room.show(frames[10:])
    figures = room.recorder.figures(time.monotonic())
    assert (figures.captured, figures.recorded, figures.lost) == (12, 7, {QUEUE_FULL: 5})
    room.close()
    assert [int(row["index"]) for row in rows_in(room.folder)] == [0, 1, 2, 3, 4, 10, 11]
    (warning,) = room.warnings
    assert "too slow" in warning
    account = room.sidecar("segments")["frames"]
    assert (account["captured"], account["recorded"]) == (12, 7)
    (gap,) = account["gaps"]
    assert gap == {"start": 0.16, "end": 0.4, "lost": {QUEUE_FULL: 5}}


def test_frames_that_the_capture_dropped_are_counted_too(recorded, seen):
    room = recorded()
    room.recorder.start()
    room.show(seen(index) for index in (3, 4, 8, 9))
    figures = room.recorder.figures(time.monotonic())
    assert (figures.captured, figures.recorded, figures.lost) == (7, 4, {NOT_RECEIVED: 3})


def test_another_size_begins_a_segment_of_both_files(recorded, seen, times_in):
    room = recorded()
    room.recorder.start()
    room.show(seen(index) for index in range(10))
    room.show(seen(index, size=(128, 96)) for index in range(10, 20))
    room.close()
    for kind in ("annotated", "clean"):
        assert [times_in(path) for path in room.files(kind)] == [SECONDS[:10]] * 2
    first, second = room.sidecar("segments")["segments"]
    assert (first["start"], second["start"]) == (0.0, 0.4)
    assert "128x96" in second["reason"]
    assert [(row["segment"], row["segment_seconds"]) for row in rows_in(room.folder)][9:11] == [
        ("1", "0.360000"),
        ("2", "0.000000"),
    ]


def test_segments_are_cut_by_time_and_leave_out_no_frame(recorded, seen, times_in):
    room = recorded(segment_s=0.5)
    room.recorder.start()
    room.show(seen(index) for index in range(30))
    room.close()
    lengths = [13, 13, 4]
    for kind in ("annotated", "clean"):
        assert [times_in(path) for path in room.files(kind)] == [SECONDS[:n] for n in lengths]
    assert [each["start"] for each in room.sidecar("segments")["segments"]] == [0.0, 0.52, 1.04]


def test_segments_are_cut_before_they_reach_their_size(recorded, seen):
    room = recorded(segment_bytes=60_000, encoding=EncoderSettings(preset="ultrafast", crf=1))
    room.recorder.start()
    room.show(seen(index, size=(320, 240)) for index in range(75))
    room.close()
    assert len(room.files("annotated")) > 2
    assert max(path.stat().st_size for path in room.files("annotated")) <= 60_000
    assert len(rows_in(room.folder)) == 75


def test_a_reconnect_begins_a_segment_and_the_pause_is_told(recorded, sent, shown, times_in):
    room = recorded()
    first, second = (replace(sent(10).given, segment=n, has_packets=False) for n in (1, 2))
    room.recorder.change(first)
    room.recorder.start()
    frames = [shown(frame) for frame in sent(10, at=10.0).frames]
    room.show(frames)
    room.recorder.change(second)
    again = sent(10, first=10, pts=5, at=25.0).frames
    room.show(shown(frame) for frame in again)
    room.close()
    assert [times_in(path) for path in room.files("clean")] == [SECONDS[:10]] * 2
    account = room.sidecar("segments")
    assert account["segments"][1]["start"] == 15.0
    assert account["frames"]["gaps"] == [{"start": 0.36, "end": 15.0, "lost": {}}]
    assert account["frames"]["lost"] == {}


def test_frames_with_odd_sizes_and_other_layouts_are_recorded(recorded, seen, times_in):
    room = recorded()
    room.recorder.start()
    room.show(seen(index, size=(97, 63)) for index in range(5))
    room.close()
    with av.open(str(room.files("clean")[0])) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (98, 64)


def test_rooms_with_the_same_label_at_the_same_time_do_not_meet(recorded, seen):
    rooms = [recorded(), recorded()]
    for room in rooms:
        room.recorder.start("case")
    for room in rooms:
        room.show(seen(index) for index in range(5))
    names = {room.recorder.name for room in rooms}
    assert len(names) == 2
    for room in rooms:
        room.close()
    assert len(rooms[0].files("annotated")) == 2


def test_masks_are_recorded_on_the_same_clock(recorded, seen, times_in):
    room = recorded(masks=True)
    room.recorder.start()
    room.show(seen(index, polyp=index >= 5, visible=index != 7) for index in range(10))
    room.close()
    (masks,) = room.files("masks")
    assert times_in(masks) == SECONDS[5:10]
    with av.open(str(masks)) as container:
        levels = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert levels[0].shape == (16, 24)
    assert [int(level.max()) for level in levels] == [230, 230, 0, 230, 230]


def test_redaction_blanks_both_files_before_anything_is_written(recorded, seen):
    room = recorded(redact=True, view="32,16,32,32")
    room.recorder.start()
    room.show(seen(index, polyp=True) for index in range(5))
    room.close()
    for kind, inside in (("annotated", 110), ("clean", 50)):
        with av.open(str(room.files(kind)[0])) as container:
            for frame in container.decode(video=0):
                luma = np.frombuffer(frame.planes[0], np.uint8).reshape(
                    -1, frame.planes[0].line_size
                )
                luma = luma[:64, :96].astype(int)
                assert luma[16:48, 32:64].mean() > inside
                assert np.abs(luma[:12] - 16).max() <= 3
                assert np.abs(luma[:, :28] - 16).max() <= 3


def test_a_redacted_recording_is_blank_where_the_view_does_not_fit(recorded, seen):
    room = recorded(redact=True, view="32,16,300,32")
    room.recorder.start()
    room.show(seen(index) for index in range(3))
    room.close()
    assert max(luma_in(room.files("clean")[0])) <= 17


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"annotated": False, "clean": False}, "nothing would be recorded"),
        ({"redact": True, "view": "full"}, "redact blanks what lies outside the view"),
    ],
)
def test_choices_that_make_no_sense_are_refused(recorded, wrong, said):
    with pytest.raises(SettingsError, match=said):
        recorded(**wrong)


def test_one_of_the_two_files_can_be_had_alone(recorded, seen):
    for kind, other in (("annotated", "clean"), ("clean", "annotated")):
        room = recorded(**{other: False, "folder": recorded().folder / kind})
        room.recorder.start()
        room.show(seen(index) for index in range(3))
        room.close()
        assert (len(room.files(kind)), len(room.files(other))) == (1, 0)
