"""Recordings with something wrong: what is said, and what is still delivered."""

import random
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from stream.errors import BrokenOffError, SourceError
from stream.source.decoding import DAMAGED_PACKET, MISSING_PICTURE, NO_KEYFRAME, Decoding
from stream.source.file import open_file
from stream.source.passing import PACKET_AHEAD
from stream.source.timeline import JUMPED_BACK, NO_TIME, REPEATED
from stream.tally import Tally


def read(path, **options):
    """All frames of a recording, and the source they came from."""
    with open_file(path, **options) as source:
        return list(source), source


def refused(path):
    """The one line with which a recording is refused."""
    with pytest.raises(SourceError) as caught:
        open_file(path)
    line = str(caught.value)
    assert "\n" not in line
    assert path.name in line
    return line


def test_a_missing_file_is_one_clear_line(tmp_path):
    assert "no such file" in refused(tmp_path / "none.mp4")


def test_a_folder_is_one_clear_line(tmp_path):
    assert "is a folder" in refused(tmp_path)


def test_an_empty_file_is_one_clear_line(tmp_path):
    (tmp_path / "a.mp4").touch()
    assert "0 bytes" in refused(tmp_path / "a.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.txt", "a.mkv", "a.ts", "a.avi"])
def test_text_is_one_clear_line_whatever_its_name(tmp_path, name):
    (tmp_path / name).write_text("This is no recording.\n" * 200)
    refused(tmp_path / name)


def test_sound_alone_is_one_clear_line(tmp_path, packets_in):
    with av.open(str(tmp_path / "a.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for start in range(0, 44100, 1024):
            frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
            frame.rate, frame.pts, frame.time_base = 44100, start, Fraction(1, 44100)
            for plane in frame.planes:
                np.frombuffer(plane, np.float32)[:] = 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "sound only" in refused(tmp_path / "a.m4a")


def test_an_mp4_without_its_index_says_so(tmp_path, record):
    record(tmp_path / "whole.mp4")
    whole = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    assert "without its index" in refused(tmp_path / "cut.mp4")


def test_a_recording_cut_before_its_first_picture_is_one_clear_line(tmp_path, record):
    record(tmp_path / "a.mp4", container_options={"movflags": "faststart"})
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: whole.index(b"mdat") + 5])
    assert "not one picture" in refused(tmp_path / "cut.mp4")


def test_an_unknown_codec_is_one_clear_line(tmp_path, record):
    record(tmp_path / "a.mp4")
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.count(b"avc1") >= 2  # the brand, and the codec of the pictures
    head, tail = content.rsplit(b"avc1", 1)
    (tmp_path / "b.mp4").write_bytes(head + b"zz00" + tail)
    assert "no decoder for its video" in refused(tmp_path / "b.mp4")


def test_a_password_is_not_in_the_message():
    with pytest.raises(SourceError) as caught:
        open_file("http://anna:s3cret@127.0.0.1:9/a.mp4")
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value)


@pytest.mark.parametrize("share", [0.2, 0.37, 0.55, 0.8, 0.95])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_recording_that_breaks_off_keeps_what_came_before(tmp_path, record, suffix, share):
    path = tmp_path / f"whole.{suffix}"
    options = {"movflags": "faststart"} if suffix == "mp4" else {}
    times = record(path, frames=150, container_options=options)
    whole = path.read_bytes()
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    length = round(packets[0][0] + share * (packets[-1][0] - packets[0][0]))
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole[:length])
    complete = sum(position + size <= length for position, size in packets)

    frames, source = read(cut)
    # The container's own framing comes before a packet's position in some, behind it in none.
    # Of the packet that is cut in two the decoder may still make a picture.
    assert complete - 1 <= len(frames) <= complete + 1
    assert {frame.seconds for frame in frames} <= set(times)
    assert isinstance(source.broken_off, BrokenOffError)
    assert f"all {len(frames)} frames" in str(source.broken_off)
    assert "\n" not in str(source.broken_off)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts", "mov"])
def test_a_whole_recording_does_not_break_off(tmp_path, record, suffix):
    record(tmp_path / f"a.{suffix}", frames=60, sound_from=Fraction(0))
    frames, source = read(tmp_path / f"a.{suffix}")
    assert len(frames) == 60
    assert source.broken_off is None


def test_sound_that_outlasts_the_pictures_is_no_break(tmp_path, record):
    record(tmp_path / "a.mkv", frames=30, sound_from=Fraction(2))
    _, source = read(tmp_path / "a.mkv")
    assert source.broken_off is None


def damage(path, number):
    """Overwrite the inside of one packet."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        position, size = packets[number].pos, packets[number].size
    content = bytearray(path.read_bytes())
    generator = random.Random(number)
    for offset in range(position + 4, position + size):
        content[offset] = generator.randrange(256)
    path.write_bytes(content)


@pytest.mark.parametrize("number", [41, 50, 103])
def test_damaged_packets_are_counted_and_the_rest_goes_on(tmp_path, record, number):
    path = tmp_path / "a.mp4"
    times = record(path, frames=150, keyframe_interval=10)
    damage(path, number)
    frames, source = read(path)
    missing = source.warnings.counts.get(MISSING_PICTURE, 0)
    assert len(frames) == 150 - missing
    assert missing <= 10  # at worst the pictures that depend on a damaged keyframe
    moved = {frame.seconds for frame in frames} - set(times)
    assert len(moved) == source.warnings.counts.get(REPEATED, 0)
    assert all(later.seconds > frame.seconds for frame, later in pairwise(frames))
    assert source.warnings.counts[DAMAGED_PACKET] == 1
    assert source.broken_off is None


@pytest.mark.parametrize("suffix", ["mp4", "avi"])
@pytest.mark.parametrize("number", [145, 147, 148])
def test_a_damaged_packet_near_the_end_does_not_cost_those_behind_it(
    tmp_path, record, number, suffix
):
    path = tmp_path / f"a.{suffix}"
    times = record(path, frames=150, options={"preset": "ultrafast"}, b_frames=0)
    damage(path, number)
    frames, source = read(path)
    assert len(frames) >= 149
    if suffix == "mp4":  # AVI does not say which picture is missing
        assert frames[-1].seconds == times[-1]
    assert DAMAGED_PACKET in source.warnings.counts


def copy_packets(source_path, target_path, keep):
    """Copy the packets for which `keep(number, packet)` holds."""
    with av.open(str(source_path)) as source, av.open(str(target_path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        number = 0
        for packet in source.demux(video=0):
            if packet.size:
                if keep(number, packet):
                    packet.stream = stream
                    target.mux(packet)
                number += 1


def test_packets_before_the_first_keyframe_are_counted_and_skipped(tmp_path, record):
    record(tmp_path / "a.mkv", frames=60, keyframe_interval=20, b_frames=0)
    copy_packets(tmp_path / "a.mkv", tmp_path / "b.mkv", lambda number, _: number >= 5)
    frames, source = read(tmp_path / "b.mkv")
    assert [frame.seconds for frame in frames] == [Fraction(n, 25) for n in range(20, 60)]
    assert source.warnings.counts == {NO_KEYFRAME: 15}


def test_negative_times_are_kept(tmp_path, record):
    options = {"mpegts_copyts": "1", "avoid_negative_ts": "disabled"}
    unit = Fraction(1, 90000)
    times = record(
        tmp_path / "a.ts",
        time_base=unit,
        times=range(-18000, 72000, 3600),
        b_frames=0,
        container_options=options,
    )
    frames, source = read(tmp_path / "a.ts")
    assert [frame.seconds for frame in frames] == times
    assert source.warnings.lines() == []


def test_recordings_joined_end_to_end_go_on_in_time(tmp_path, record):
    record(
        tmp_path / "a.ts",
        frames=50,
        b_frames=0,
        time_base=Fraction(1, 90000),
        times=range(900_000, 900_000 + 50 * 3600, 3600),
        sound_from=Fraction(10),
        container_options={"mpegts_copyts": "1"},
    )
    once = (tmp_path / "a.ts").read_bytes()
    (tmp_path / "twice.ts").write_bytes(once + once)
    with open_file(tmp_path / "twice.ts") as source:
        frames = list(source)
        sound = [packet.dts for packet in source.take_packets()]
    assert [frame.pts - frames[0].pts for frame in frames] == list(range(0, 100 * 3600, 3600))
    assert source.warnings.counts[JUMPED_BACK] == 1
    assert sound == sorted(set(sound))


def test_a_recording_of_one_frame_is_a_recording(tmp_path, record):
    for suffix in ("mp4", "mkv", "avi"):
        record(tmp_path / f"a.{suffix}", frames=1)
        frames, source = read(tmp_path / f"a.{suffix}")
        assert len(frames) == 1
        assert source.broken_off is None


def test_a_picture_with_alpha_loses_it_with_a_warning(tmp_path, record):
    record(tmp_path / "a.mkv", codec="ffv1", layout="yuva420p", frames=2)
    frames, source = read(tmp_path / "a.mkv")
    assert frames[0].picture.layout.name == "yuv420p"
    assert source.warnings.lines() == [
        "pixel format yuva420p is converted to yuv420p before anything else, its alpha is dropped"
    ]


def test_a_cover_is_not_taken_for_a_video(tmp_path, record):
    record(
        tmp_path / "cover.mkv",
        codec="mjpeg",
        layout="yuvj420p",
        tags=(5, 2, 2, 2),
        frames=1,
        b_frames=0,
    )
    with (
        av.open(str(tmp_path / "cover.mkv")) as source,
        av.open(str(tmp_path / "a.mp4"), "w") as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        stream.disposition = av.stream.Disposition.attached_pic
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    assert "no video" in refused(tmp_path / "a.mp4")


@pytest.mark.parametrize(("scale", "rate"), [(2**31 - 1, 1), (1, 2**31 - 1)])
def test_times_that_cannot_be_times_become_a_usual_rate(tmp_path, record, scale, rate):
    jpeg = {"codec": "mjpeg", "layout": "yuvj420p", "tags": (5, 2, 2, 2), "b_frames": 0}
    record(tmp_path / "a.avi", **jpeg, frames=10)
    content = bytearray((tmp_path / "a.avi").read_bytes())
    place = content.index(b"strh") + 28
    content[place : place + 8] = scale.to_bytes(4, "little") + rate.to_bytes(4, "little")
    (tmp_path / "a.avi").write_bytes(content)
    frames, source = read(tmp_path / "a.avi")
    assert [frame.seconds for frame in frames] == [Fraction(n, 25) for n in range(10)]
    assert source.warnings.counts == {NO_TIME: 10}


def test_sound_that_leaps_beyond_what_a_recording_holds_is_left_out(tmp_path, record):
    record(tmp_path / "a.mkv", frames=30, sound_from=Fraction(0))
    with (
        av.open(str(tmp_path / "a.mkv")) as source,
        av.open(str(tmp_path / "b.mkv"), "w") as target,
    ):
        streams = [target.add_stream_from_template(one, opaque=True) for one in source.streams]
        for packet in [packet for packet in source.demux() if packet.size]:
            if packet.stream.type == "audio" and packet.dts > 500:
                packet.dts, packet.pts = packet.dts + 2**32, packet.pts + 2**32
            packet.stream = streams[packet.stream_index]
            target.mux(packet)
    with open_file(tmp_path / "b.mkv") as source:
        assert len(list(source)) == 30
        sound = [packet.dts for packet in source.take_packets()]
    assert sound and max(sound) <= 501
    assert source.warnings.counts[PACKET_AHEAD] > 10


class Ends:
    """A container whose packets end as PyAV's do where a stream came up on the way."""

    def __init__(self, container):
        self._container = container

    def demux(self, *streams):
        for packet in self._container.demux(*streams):
            if not packet.size:
                raise IndexError("list index out of range")
            yield packet


def test_a_stream_that_comes_up_on_the_way_does_not_end_the_recording_with_a_fault(
    tmp_path, record
):
    path = tmp_path / "a.mp4"
    record(path, frames=20)
    with av.open(str(path)) as container:
        reading = Decoding(
            Ends(container),
            container.streams.video[0],
            (),
            lambda packet: None,
            Tally(),
            lambda: av.open(str(path)),
        )
        assert len(list(reading)) == 20


def test_a_packet_for_which_there_is_no_memory_is_not_taken_for_damaged(tmp_path, record):
    record(tmp_path / "a.mp4", frames=3)

    class Video:
        """A video whose decoder gets no memory."""

        def __init__(self, video):
            self._video = video

        def __getattr__(self, name):
            return getattr(self._video, name)

        def decode(self, packet):
            raise av.error.MemoryError(12, "Cannot allocate memory")

    class Container:
        """Takes the stand-in for its video."""

        def __init__(self, container):
            self._container = container

        def demux(self, video):
            return self._container.demux(video._video)

    tally = Tally()
    with av.open(str(tmp_path / "a.mp4")) as container:
        video = Video(container.streams.video[0])
        reading = Decoding(
            Container(container), video, (), lambda _: None, tally, lambda: container
        )
        with pytest.raises(MemoryError):
            list(reading)
    assert tally.lines() == []
