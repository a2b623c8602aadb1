"""Recordings out: exact times, untouched sound, the source's own samples and colour."""

from fractions import Fraction

import av
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture
from stream.errors import OutputExistsError, SinkError
from stream.frame import Frame
from stream.parameters import StreamParameters
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.part import TOO_CLOSE
from stream.sink.recorder import Recorder
from stream.sink.remux import TimesChangedError
from stream.source.file import open_file
from stream.tally import Tally

FAST = {"preset": "ultrafast"}


def frames_in(path):
    with open_file(path) as source:
        return list(source)


def times_in(path):
    return [frame.seconds for frame in frames_in(path)]


TIMES = {
    "plain": {},
    "starts-at-5s": {
        "time_base": Fraction(1, 90000),
        "times": range(450_001, 450_001 + 40 * 3600, 3600),
    },
    "59.94": {"rate": Fraction(60000, 1001)},
    "29.97-in-thousandths": {
        "time_base": Fraction(1, 30000),
        "times": range(7, 7 + 40 * 1001, 1001),
        "rate": Fraction(30000, 1001),
    },
    "variable": {
        "time_base": Fraction(1, 90000),
        "times": [11, 3600, 3690, 9000, 9090, 45000, 48600, 180_000, 180_001],
    },
    "gaps": {
        "time_base": Fraction(1, 90000),
        "times": [0, 14400, 28800, 32400, 36000, 54000, 144_000, 147_600, 151_200, 241_200],
        "sound_from": Fraction(0),
    },
    "microseconds": {
        "time_base": Fraction(1, 1_000_000),
        "times": [1_234_567 + 16_683 * index for index in range(40)],
    },
}


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
@pytest.mark.parametrize("preset", ["ultrafast", "medium"])
@pytest.mark.parametrize("wanted", TIMES.values(), ids=TIMES.keys())
def test_times_and_sound_equal_the_sources(
    tmp_path, record, again, packets_in, wanted, preset, suffix
):
    times = record(
        tmp_path / "in.mp4",
        **{"sound_from": Fraction(1, 3), **wanted},
        container_options={"movie_timescale": "1000000"},
    )
    warnings = again(tmp_path / "in.mp4", tmp_path / f"out.{suffix}", preset=preset)
    assert times_in(tmp_path / f"out.{suffix}") == times
    source, copy = packets_in(tmp_path / "in.mp4"), packets_in(tmp_path / f"out.{suffix}")
    assert copy["audio"] == source["audio"]
    assert [time for time, _ in copy["video"]] == times
    assert warnings.lines() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.mp4", f"out.{suffix}"])


@pytest.mark.parametrize("name", ["in.mkv", "in.ts", "in.avi", "in.mov"])
def test_every_container_is_recorded_as_exact_mp4(tmp_path, record, again, packets_in, name):
    record(tmp_path / name, frames=40, sound_from=Fraction(0))
    again(tmp_path / name, tmp_path / "out.mp4", **FAST)
    assert times_in(tmp_path / "out.mp4") == times_in(tmp_path / name)
    sound, copy = packets_in(tmp_path / name)["audio"], packets_in(tmp_path / "out.mp4")["audio"]
    assert len(copy) == len(sound)
    for (time, content), (time_again, content_again) in zip(sound, copy, strict=True):
        # mp4 counts sound in samples, which a container that rounds to 1 ms or 1/90 ms does not.
        assert abs(time_again - time) <= Fraction(1, 2 * 44100)
        # MPEG-TS puts 7 bytes of ADTS before each packet of AAC, which mp4 must not have.
        assert content_again == (content[7:] if name == "in.ts" else content)


def test_mkv_rounds_times_to_a_millisecond_and_says_so(tmp_path, record, again, packets_in):
    times = record(tmp_path / "in.mp4", rate=Fraction(60000, 1001), sound_from=Fraction(0))
    warnings = again(tmp_path / "in.mp4", tmp_path / "out.mkv", **FAST)
    written = times_in(tmp_path / "out.mkv")
    assert all(abs(a - b) <= Fraction(1, 2000) for a, b in zip(written, times, strict=True))
    source, copy = packets_in(tmp_path / "in.mp4"), packets_in(tmp_path / "out.mkv")
    assert [content for _, content in copy["audio"]] == [content for _, content in source["audio"]]
    assert warnings.lines() == [".mkv rounds times to 1 ms: .mp4 keeps them exact"]


def test_mkv_to_mkv_is_exact_and_says_nothing(tmp_path, record, again, packets_in):
    record(tmp_path / "in.mkv", sound_from=Fraction(0), frames=75, subtitles="subrip")
    warnings = again(tmp_path / "in.mkv", tmp_path / "out.mkv", **FAST)
    assert packets_in(tmp_path / "out.mkv") == packets_in(tmp_path / "in.mkv")
    assert warnings.lines() == []


def test_subtitles_of_an_mp4_are_in_the_finished_mp4(tmp_path, record, again, packets_in):
    record(tmp_path / "in.mkv", frames=75, subtitles="subrip")
    with (
        av.open(str(tmp_path / "in.mkv")) as source,
        av.open(str(tmp_path / "timed.mp4"), "w") as target,
    ):
        video = target.add_stream_from_template(source.streams.video[0], opaque=True)
        text = target.add_mux_stream("mov_text", time_base=Fraction(1, 1000))
        for packet in source.demux():
            if packet.size:
                if packet.stream.type == "subtitle":
                    body = bytes(packet)
                    timed = av.Packet(len(body).to_bytes(2, "big") + body)
                    timed.pts, timed.dts = packet.pts, packet.dts
                    timed.duration, timed.time_base = packet.duration, packet.time_base
                    timed.stream = text
                    target.mux(timed)
                else:
                    packet.stream = video
                    target.mux(packet)
    stored = packets_in(tmp_path / "timed.mp4")["subtitle"]
    again(tmp_path / "timed.mp4", tmp_path / "out.mp4", **FAST)
    copied = packets_in(tmp_path / "out.mp4")["subtitle"]

    def shown(packets):  # between them the muxer puts empty ones of its own, of 2 bytes
        return [(time, content) for time, content in packets if len(content) > 2]

    assert [content[2:] for _, content in shown(copied)] == [b"first", b"second", b"third"]
    assert shown(copied) == shown(stored)


def test_late_sound_is_in_the_finished_mp4(tmp_path, record, again, packets_in):
    record(tmp_path / "in.mp4", frames=75, sound_from=Fraction(2))
    again(tmp_path / "in.mp4", tmp_path / "out.mp4", **FAST)
    assert packets_in(tmp_path / "out.mp4") == packets_in(tmp_path / "in.mp4")


def test_sound_a_container_cannot_hold_is_left_out_with_one_line(
    tmp_path, record, again, packets_in
):
    record(tmp_path / "in.avi", sound_from=Fraction(0), sound_codec="pcm_mulaw")
    warnings = again(tmp_path / "in.avi", tmp_path / "out.mp4", **FAST)
    assert warnings.lines() == [".mp4 cannot hold sound in pcm_mulaw, it is left out: .mov can"]
    assert packets_in(tmp_path / "out.mp4").keys() == {"video"}
    again(tmp_path / "in.avi", tmp_path / "out.mov", **FAST)
    assert packets_in(tmp_path / "out.mov").keys() == {"video", "audio"}


def test_subtitles_a_container_cannot_hold_are_left_out_with_one_line(tmp_path, record, again):
    record(tmp_path / "in.mkv", frames=75, subtitles="subrip")
    warnings = again(tmp_path / "in.mkv", tmp_path / "out.mp4", **FAST)
    assert warnings.lines() == [".mp4 cannot hold subtitles in srt, it is left out: .mkv can"]


def test_metadata_and_languages_go_along(tmp_path, record, again):
    record(tmp_path / "plain.mp4", sound_from=Fraction(0))
    with (
        av.open(str(tmp_path / "plain.mp4")) as source,
        av.open(str(tmp_path / "in.mp4"), "w") as target,
    ):
        target.metadata["title"] = "Case 7"
        streams = [target.add_stream_from_template(s, opaque=True) for s in source.streams]
        streams[1].metadata["language"] = "dan"
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                target.mux(packet)
    again(tmp_path / "in.mp4", tmp_path / "out.mp4", **FAST)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.metadata["title"] == "Case 7"
        assert container.streams.audio[0].metadata["language"] == "dan"


LOSSLESS = sorted(LAYOUTS.keys() - {"p010le"})


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("layout", LOSSLESS)
def test_ffv1_keeps_every_sample(tmp_path, record, again, samples, layout, suffix):
    codec, name = ("rawvideo", "in.mkv") if layout == "nv12" else ("ffv1", "in.mkv")
    record(tmp_path / name, codec=codec, layout=layout, size=(62, 46), frames=3)
    warnings = again(tmp_path / name, tmp_path / f"out.{suffix}", codec="ffv1")
    for frame in frames_in(tmp_path / f"out.{suffix}"):
        expected = samples(frame.index, layout=layout, size=(62, 46))
        if layout == "nv12":  # the same samples, each chroma in its own plane
            expected = [expected[0], expected[1][..., 0], expected[1][..., 1]]
        for plane, stored in zip(frame.picture.planes, expected, strict=True):
            np.testing.assert_array_equal(plane, stored)
    assert [line for line in warnings.lines() if "1 ms" not in line] == []


def frame_with(picture, pts=0, time_base=Fraction(1, 25)):
    return Frame(pts, pts, time_base, picture, 0.0)


def test_p010_is_recorded_without_loss_as_planar(tmp_path, samples):
    planes = samples(0, layout="p010le")
    colour = LAYOUTS["p010le"], Colour(Matrix.BT709)
    parameters = StreamParameters(Fraction(1, 25), Fraction(25))
    settings = EncoderSettings(codec="ffv1")
    with Recorder(tmp_path / "out.mkv", parameters=parameters, settings=settings) as recorder:
        recorder.write(frame_with(Picture(tuple(planes), *colour)))
    (frame,) = frames_in(tmp_path / "out.mkv")
    assert frame.picture.layout is LAYOUTS["yuv420p10le"]
    np.testing.assert_array_equal(frame.picture.planes[0], planes[0] >> 6)
    np.testing.assert_array_equal(frame.picture.planes[2], planes[1][..., 1] >> 6)


def test_frames_made_here_are_recorded_as_the_decoders_are(tmp_path, record, samples):
    record(tmp_path / "in.mkv", codec="ffv1", frames=4)
    with (
        open_file(tmp_path / "in.mkv") as source,
        Recorder(
            tmp_path / "out.mkv",
            parameters=source.parameters,
            settings=EncoderSettings(codec="ffv1"),
        ) as recorder,
    ):
        for frame in source:
            made = tuple(255 - plane for plane in frame.picture.planes)
            picture = Picture(made, frame.picture.layout, frame.picture.colour)
            recorder.write(frame.with_picture(picture) if frame.index % 2 else frame)
    for frame in frames_in(tmp_path / "out.mkv"):
        luma = samples(frame.index)[0]
        np.testing.assert_array_equal(
            frame.picture.planes[0], 255 - luma if frame.index % 2 else luma
        )


def test_the_decoders_planes_are_not_written_to(tmp_path, record):
    record(tmp_path / "in.mp4", frames=10)
    frames = frames_in(tmp_path / "in.mp4")
    before = [frame.picture.planes[0].copy() for frame in frames]
    parameters = StreamParameters(frames[0].time_base, Fraction(25))
    with Recorder(tmp_path / "out.mp4", parameters=parameters) as recorder:
        for frame in frames:
            recorder.write(frame)
    for frame, luma in zip(frames, before, strict=True):
        np.testing.assert_array_equal(frame.picture.planes[0], luma)


@pytest.mark.parametrize(
    ("codec", "layout", "recorded"),
    [
        ("h264", "yuv422p", "yuv422p"),
        ("h264", "yuv444p10le", "yuv444p10le"),
        ("h264", "yuv420p12le", "yuv420p10le"),
        ("h264", "gray", "yuv420p"),  # FFmpeg decodes monochrome H.264 with neutral chroma
        ("hevc", "yuv422p12le", "yuv422p12le"),
        ("hevc", "gray12le", "gray12le"),
        ("av1", "yuv444p", "yuv420p"),
        ("av1", "gray10le", "yuv420p10le"),
        ("av1", "yuv420p12le", "yuv420p10le"),
    ],
)
def test_the_nearest_layout_the_encoder_takes_is_recorded(
    tmp_path, record, again, codec, layout, recorded
):
    record(tmp_path / "in.mkv", codec="ffv1", layout=layout, size=(64, 64), frames=3)
    original = frames_in(tmp_path / "in.mkv")
    again(tmp_path / "in.mkv", tmp_path / "out.mp4", codec=codec, crf=1, **FAST)
    frames = frames_in(tmp_path / "out.mp4")
    assert frames[0].picture.layout is LAYOUTS[recorded]
    fewer = original[0].picture.layout.bits - frames[0].picture.layout.bits
    error = frames[1].picture.planes[0].astype(int) - (original[1].picture.planes[0] >> fewer)
    assert np.abs(error).mean() < 1.5 * (1 << (frames[0].picture.layout.bits - 8))


TAGS = [(1, 1, 1, 1), (6, 1, 6, 6), (5, 1, 5, 6), (9, 1, 9, 16), (1, 2, 1, 1), (5, 2, 1, 13)]


@pytest.mark.parametrize("tags", TAGS)
@pytest.mark.parametrize(
    ("codec", "name"),
    [("h264", "out.mp4"), ("hevc", "out.mov"), ("av1", "out.mp4"), ("ffv1", "out.mkv")],
)
def test_colour_tags_are_the_sources(tmp_path, record, again, tags, codec, name):
    record(tmp_path / "in.mkv", tags=tags, frames=3, size=(64, 64))
    again(tmp_path / "in.mkv", tmp_path / name, codec=codec)
    with av.open(str(tmp_path / name)) as container:
        frame = next(container.decode(video=0))
        found = (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc)
    assert tuple(map(int, found)) == tags


def test_untagged_colour_is_tagged_as_it_was_taken(tmp_path, record, again):
    record(tmp_path / "in.mp4", frames=2)
    again(tmp_path / "in.mp4", tmp_path / "out.mp4", **FAST)
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0))
    assert (int(frame.colorspace), int(frame.color_range)) == (6, 1)


def test_full_range_of_motion_jpeg_stays(tmp_path, record, again):
    record(
        tmp_path / "in.avi",
        codec="mjpeg",
        layout="yuvj422p",
        tags=(5, 2, 2, 2),
        frames=3,
        b_frames=0,
    )
    again(tmp_path / "in.avi", tmp_path / "out.mp4", codec="ffv1")
    original, copy = frames_in(tmp_path / "in.avi")[1], frames_in(tmp_path / "out.mp4")[1]
    assert copy.picture.colour == original.picture.colour
    for plane, stored in zip(copy.picture.planes, original.picture.planes, strict=True):
        np.testing.assert_array_equal(plane, stored)


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.mov"])
def test_the_shape_of_a_sample_is_kept(tmp_path, record, again, name):
    record(tmp_path / "in.mp4", aspect=Fraction(16, 11), frames=3)
    again(tmp_path / "in.mp4", tmp_path / name, **FAST)
    with open_file(tmp_path / name) as copy:
        assert copy.parameters.sample_aspect_ratio == Fraction(16, 11)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_odd_sizes_are_padded_by_their_edge_and_said_once(tmp_path, record, again, codec):
    record(tmp_path / "in.mkv", codec="ffv1", size=(719, 575), frames=3)
    warnings = again(tmp_path / "in.mkv", tmp_path / "out.mp4", codec=codec, crf=1, **FAST)
    (line,) = [line for line in warnings.lines() if "odd" in line]
    assert "719x575 is recorded as 720x576" in line
    luma = frames_in(tmp_path / "out.mp4")[0].picture.planes[0].astype(int)
    assert luma.shape == (576, 720)
    assert np.abs(luma[:, 719] - luma[:, 718]).mean() < 3
    assert np.abs(luma[575] - luma[574]).mean() < 3


@pytest.mark.parametrize("codec", ["av1", "ffv1"])
def test_odd_sizes_stay_where_the_encoder_takes_them(tmp_path, record, again, codec):
    record(tmp_path / "in.mkv", codec="ffv1", size=(65, 67), frames=2)
    warnings = again(tmp_path / "in.mkv", tmp_path / "out.mp4", codec=codec)
    picture = frames_in(tmp_path / "out.mp4")[0].picture
    assert (picture.width, picture.height) == (65, 67)
    assert warnings.lines() == []


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "ffv1"])
def test_16x16_is_recorded(tmp_path, record, again, codec):
    record(tmp_path / "in.mkv", codec="ffv1", size=(16, 16), frames=3)
    again(tmp_path / "in.mkv", tmp_path / "out.mp4", codec=codec)
    assert len(frames_in(tmp_path / "out.mp4")) == 3


def test_a_size_the_encoder_refuses_is_one_clear_line(tmp_path, record, again):
    record(tmp_path / "in.mkv", codec="ffv1", size=(8, 8), frames=3)
    with pytest.raises(SinkError, match="libx265 refuses 8x8 in yuv420p: choose another --codec"):
        again(tmp_path / "in.mkv", tmp_path / "out.mp4", codec="hevc")


def test_one_frame_is_a_recording(tmp_path, record, again):
    record(tmp_path / "in.mp4", frames=1)
    for name in ("out.mp4", "out.mkv", "out.mov"):
        again(tmp_path / "in.mp4", tmp_path / name, **FAST)
        assert times_in(tmp_path / name) == [0]


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_as_few_frames_as_x265_may_lose_are_a_recording(tmp_path, record, again, frames, name):
    record(tmp_path / "in.mp4", frames=frames)
    for _ in range(6):  # it lost them in one of four runs
        again(tmp_path / "in.mp4", tmp_path / name, overwrite=True, **{**FAST, "codec": "hevc"})
        assert times_in(tmp_path / name) == [Fraction(index, 25) for index in range(frames)]


def test_the_sources_keyframes_are_not_forced_on_the_recording(tmp_path, record, again):
    record(tmp_path / "in.mp4", keyframe_interval=1, frames=60, b_frames=0)
    again(tmp_path / "in.mp4", tmp_path / "out.mp4", **FAST)
    with av.open(str(tmp_path / "out.mp4")) as container:
        keys = [p.pts * p.time_base for p in container.demux(video=0) if p.size and p.is_keyframe]
    assert keys == [0, 1, 2]  # one a second


def heard_in(path):
    """How many samples of sound come out of a decoder."""
    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_change_of_size_begins_a_new_file(tmp_path, record, again, packets_in, suffix):
    unit = Fraction(1, 90000)
    options = {"mpegts_copyts": "1"}
    for name, size, first in (("a", (64, 48), 90_000), ("b", (96, 80), 90_000 + 50 * 3600)):
        record(
            tmp_path / f"{name}.ts",
            size=size,
            time_base=unit,
            times=range(first, first + 50 * 3600, 3600),
            sound_from=first * unit,
            b_frames=0,
            container_options=options,
        )
    both = tmp_path / "in.ts"
    both.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    warnings = again(both, tmp_path / f"out.{suffix}", **FAST)
    first, second = tmp_path / f"out.{suffix}", tmp_path / f"out.part2.{suffix}"
    assert times_in(first) == [1 + Fraction(n, 25) for n in range(50)]
    assert times_in(second) == [3 + Fraction(n, 25) for n in range(50)]
    assert frames_in(second)[0].picture.width == 96
    assert "96x80 yuv420p after 50 frames" in " ".join(warnings.lines())
    sound = packets_in(first)["audio"] + packets_in(second)["audio"]
    with open_file(both) as source:
        list(source)
        passed = [bytes(packet)[7:] for packet in source.take_packets()]  # without ADTS
    assert [content for _, content in sound] == passed
    assert heard_in(second) == 1024 * len(packets_in(second)["audio"])
    assert packets_in(second)["audio"][0][0] >= 3 - Fraction(1, 20)


def test_times_before_zero_move_with_everything_else(tmp_path, record, again):
    record(
        tmp_path / "in.ts",
        time_base=Fraction(1, 90000),
        times=range(-18000, 72000, 3600),
        b_frames=0,
        container_options={"mpegts_copyts": "1", "avoid_negative_ts": "disabled"},
    )
    warnings = again(tmp_path / "in.ts", tmp_path / "out.mp4", **FAST)
    assert times_in(tmp_path / "out.mp4") == [Fraction(n, 25) for n in range(25)]
    assert "starts at -0.200 s" in warnings.lines()[0]


def test_an_existing_recording_is_refused_and_left_alone(tmp_path, record, again):
    record(tmp_path / "in.mp4", frames=3)
    (tmp_path / "out.mp4").write_text("precious")
    with pytest.raises(OutputExistsError, match="exists already"):
        again(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_text() == "precious"
    again(tmp_path / "in.mp4", tmp_path / "out.mp4", overwrite=True)
    assert len(frames_in(tmp_path / "out.mp4")) == 3


@pytest.mark.parametrize(
    ("name", "codec", "part"),
    [
        ("out.avi", "h264", "name it .mp4 or .mov or .mkv"),
        ("out", "h264", "a name without suffix"),
        ("out.mov", "ffv1", ".mov cannot hold ffv1: name it .mp4 or .mkv"),
        ("none/out.mp4", "h264", "there is no folder"),
    ],
)
def test_a_name_that_cannot_be_written_is_one_clear_line(tmp_path, name, codec, part):
    parameters = StreamParameters(Fraction(1, 25), Fraction(25))
    with pytest.raises(SinkError, match=part):
        Recorder(tmp_path / name, parameters=parameters, settings=EncoderSettings(codec=codec))


def test_an_aborted_recording_stays_partial_and_plays(tmp_path, record):
    record(tmp_path / "in.mp4", frames=60)

    with (
        pytest.raises(RuntimeError),
        open_file(tmp_path / "in.mp4") as source,
        Recorder(tmp_path / "out.mp4", parameters=source.parameters) as recorder,
    ):
        for frame in source:
            if frame.index == 40:
                raise RuntimeError
            recorder.write(frame)
    assert not (tmp_path / "out.mp4").exists()
    assert times_in(tmp_path / "out.partial.mp4") == [Fraction(n, 25) for n in range(40)]


def test_nothing_written_leaves_nothing(tmp_path):
    parameters = StreamParameters(Fraction(1, 25), Fraction(25))
    with Recorder(tmp_path / "out.mp4", parameters=parameters) as recorder:
        assert recorder.frames == 0
    assert list(tmp_path.iterdir()) == []


def test_the_index_of_a_finished_mp4_is_in_front(tmp_path, record, again):
    record(tmp_path / "in.mp4", frames=60)
    again(tmp_path / "in.mp4", tmp_path / "out.mp4", **FAST)
    content = (tmp_path / "out.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert b"moof" not in content


def test_a_colon_in_a_name_is_no_protocol(tmp_path, record, again):
    record(tmp_path / "in.mp4", frames=2)
    (tmp_path / "in.mp4").rename(tmp_path / "case: 7.mp4")
    again(tmp_path / "case: 7.mp4", tmp_path / "out: 7.mp4", **FAST)
    assert len(frames_in(tmp_path / "out: 7.mp4")) == 2


def test_sound_of_which_nothing_comes_has_no_track_in_the_end(tmp_path, record, again):
    record(tmp_path / "a.mkv", frames=20, sound_from=Fraction(0))
    with (
        av.open(str(tmp_path / "a.mkv")) as source,
        av.open(str(tmp_path / "in.mkv"), "w") as target,
    ):
        silent = target.add_stream_from_template(source.streams.audio[0], opaque=True)
        streams = [target.add_stream_from_template(one, opaque=True) for one in source.streams]
        for packet in [packet for packet in source.demux() if packet.size]:
            packet.stream = streams[packet.stream_index]
            target.mux(packet)
    assert silent.index == 0
    again(tmp_path / "in.mkv", tmp_path / "out.mp4", **FAST)
    assert times_in(tmp_path / "out.mp4") == [Fraction(n, 25) for n in range(20)]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_sound_that_lasts_less_than_a_sample_a_packet_does_not_end_the_recording(
    tmp_path, record, again
):
    record(tmp_path / "in.mp4", frames=20, sound_from=Fraction(0))
    content = bytearray((tmp_path / "in.mp4").read_bytes())
    header = content.rindex(b"mdhd") + 16  # behind version, flags and two dates
    content[header : header + 4] = (2**31 - 1).to_bytes(4, "big")
    (tmp_path / "in.mp4").write_bytes(content)
    warnings = again(tmp_path / "in.mp4", tmp_path / "out.mp4", **FAST)
    assert times_in(tmp_path / "out.mp4") == [Fraction(n, 25) for n in range(20)]
    assert warnings.counts[TOO_CLOSE] > 10


def test_a_recording_whose_copy_would_have_other_times_stays_as_it_grew(
    tmp_path, record, again, monkeypatch
):
    def changed(*_):
        raise TimesChangedError("as with sound that ends before it begins")

    monkeypatch.setattr("stream.sink.remux.rewrite", changed)
    times = record(tmp_path / "in.mp4", frames=20, sound_from=Fraction(0))
    warnings = again(tmp_path / "in.mp4", tmp_path / "out.mp4", **FAST)
    assert times_in(tmp_path / "out.mp4") == times
    assert "stays in fragments" in " ".join(warnings.lines())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


def test_a_clip_with_sound_of_its_own_is_recorded_exactly(tmp_path, shared_data, again, packets_in):
    clip = shared_data / "video" / "normal-420x288-25fps-audio.mp4"
    again(clip, tmp_path / "out.mp4", **FAST)
    assert packets_in(tmp_path / "out.mp4") == packets_in(clip)


def test_8k_is_recorded(tmp_path, record, again):
    record(tmp_path / "in.mp4", size=(7680, 4320), frames=1, options=FAST)
    again(tmp_path / "in.mp4", tmp_path / "out.mp4", **FAST)
    (frame,) = frames_in(tmp_path / "out.mp4")
    assert (frame.picture.width, frame.picture.height) == (7680, 4320)


def test_a_map_of_probability_is_kept_exactly_and_in_time(tmp_path):
    generator = np.random.default_rng(5)
    maps = [generator.integers(0, 256, (192, 192), dtype=np.uint8) for _ in range(12)]
    unit = Fraction(1, 60000)
    parameters = StreamParameters(unit, Fraction(60000, 1001))
    times = [123_457 + 1001 * index for index in range(12)]
    with Recorder(
        tmp_path / "masks.mp4", parameters=parameters, settings=EncoderSettings(codec="ffv1")
    ) as recorder:
        for pts, samples_of in zip(times, maps, strict=True):
            picture = Picture((samples_of,), LAYOUTS["gray"], Colour(Matrix.BT709, True))
            recorder.write(frame_with(picture, pts, unit))
    frames = frames_in(tmp_path / "masks.mp4")
    assert [frame.seconds for frame in frames] == [pts * unit for pts in times]
    assert frames[0].picture.colour.full_range
    for frame, samples_of in zip(frames, maps, strict=True):
        np.testing.assert_array_equal(frame.picture.planes[0], samples_of)


def test_bitrate_is_kept_to(tmp_path, record, again):
    record(tmp_path / "in.mp4", frames=50, size=(160, 120), options={"crf": "1"})
    again(tmp_path / "in.mp4", tmp_path / "low.mp4", bitrate=20_000, **FAST)
    again(tmp_path / "in.mp4", tmp_path / "high.mp4", bitrate=400_000, **FAST)
    assert (tmp_path / "low.mp4").stat().st_size * 2 < (tmp_path / "high.mp4").stat().st_size


def test_tally_of_a_plain_recording_is_empty(tmp_path, record, again):
    record(tmp_path / "in.mp4", frames=3)
    warnings = again(tmp_path / "in.mp4", tmp_path / "out.mp4", **FAST)
    assert isinstance(warnings, Tally)
    assert warnings.lines() == []
