"""Recordings in: every frame once, in order, at its exact time."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix
from stream.source.file import open_file


def read(path, **options):
    """All frames of a recording, and the source they came from."""
    with open_file(path, **options) as source:
        return list(source), source


def test_a_recording_gives_every_frame_in_order(tmp_path, record):
    times = record(tmp_path / "a.mp4", frames=25)
    frames, source = read(tmp_path / "a.mp4")
    assert [frame.index for frame in frames] == list(range(25))
    assert [frame.seconds for frame in frames] == times
    assert (source.width, source.height, source.rate) == (64, 48, 25)
    assert (source.frame_count, source.duration) == (25, 1)
    assert source.name == "a.mp4"
    assert source.broken_off is None
    assert source.warnings.lines() == []


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"time_base": Fraction(1, 90000), "times": range(450_000, 450_000 + 30 * 3600, 3600)},
        {"rate": Fraction(60000, 1001)},
        {"time_base": Fraction(1, 90000), "times": [0, 3600, 3690, 9000, 9090, 45000, 48600]},
    ],
    ids=["plain", "starts-at-5s", "59.94", "variable"],
)
def test_times_are_the_containers_own(tmp_path, record, suffix, wanted):
    path = tmp_path / f"a.{suffix}"
    options = {"mpegts_copyts": "1"} if suffix == "ts" else {"movie_timescale": "90000"}
    options = {} if suffix == "mkv" else options
    times = record(path, **wanted, b_frames=0, container_options=options)
    frames, source = read(path)
    unit = {"mkv": Fraction(1, 1000), "ts": Fraction(1, 90000)}.get(suffix, Fraction(0))
    assert len(frames) == len(times)
    for frame, time in zip(frames, times, strict=True):
        assert abs(frame.seconds - time) <= unit / 2  # what the container itself rounds
    assert source.warnings.lines() == []


def test_avi_gives_the_times_of_showing_though_it_stores_those_of_decoding(tmp_path, record):
    times = record(tmp_path / "a.avi", frames=30, b_frames=2)
    frames, source = read(tmp_path / "a.avi")
    assert [frame.seconds for frame in frames] == times
    assert source.warnings.lines() == []


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.mp4", {"codec": "libx265", "options": {"x265-params": "log-level=none"}}),
        ("a.mp4", {"codec": "libsvtav1", "size": (64, 64)}),
        ("a.mkv", {"codec": "libvpx-vp9"}),
        ("a.mpg", {"codec": "mpeg2video"}),
        ("a.ts", {"codec": "mpeg2video"}),
        ("a.avi", {"codec": "mpeg4"}),
        ("a.mov", {"codec": "prores_ks", "layout": "yuv422p10le"}),
        ("a.mkv", {"codec": "ffv1", "layout": "yuv420p"}),
        ("a.mkv", {"codec": "rawvideo", "layout": "nv12"}),
    ],
    ids=lambda value: value if isinstance(value, str) else value["codec"],
)
def test_codecs_of_every_age_are_read(tmp_path, record, monkeypatch, name, wanted):
    monkeypatch.setenv("SVT_LOG", "1")
    record(tmp_path / name, frames=24, b_frames=0, **wanted)
    frames, source = read(tmp_path / name)
    assert len(frames) == 24
    steps = {later.seconds - frame.seconds for frame, later in pairwise(frames)}
    assert steps == {Fraction(1, 25)}
    assert source.broken_off is None


# No container stores P010: it comes from capture cards and hardware decoders.
@pytest.mark.parametrize("layout", sorted(LAYOUTS.keys() - {"p010le"}))
def test_native_samples_are_those_that_were_stored(tmp_path, record, samples, layout):
    codec = "rawvideo" if layout == "nv12" else "ffv1"
    suffix = "nut" if codec == "rawvideo" else "mkv"
    record(tmp_path / f"a.{suffix}", codec=codec, layout=layout, frames=3, size=(63, 47))
    frames, source = read(tmp_path / f"a.{suffix}")
    assert len(frames) == 3
    for frame in frames:
        assert frame.picture.layout is LAYOUTS[layout]
        expected = samples(frame.index, layout=layout, size=(63, 47))
        for plane, stored in zip(frame.picture.planes, expected, strict=True):
            np.testing.assert_array_equal(plane, stored)
    assert source.warnings.lines() == []


def test_planes_are_the_decoders_own_memory(tmp_path, record):
    record(tmp_path / "a.mp4", frames=2)
    frames, _ = read(tmp_path / "a.mp4")
    memory = np.frombuffer(frames[1].decoded.planes[0], np.uint8)
    assert np.shares_memory(frames[1].picture.planes[0], memory)


@pytest.mark.parametrize(
    ("tags", "size", "colour"),
    [
        ((2, 0, 2, 2), (64, 48), Colour(Matrix.BT601)),
        ((2, 0, 2, 2), (64, 720), Colour(Matrix.BT709)),
        ((6, 1, 6, 6), (64, 720), Colour(Matrix.BT601)),
        ((5, 1, 5, 6), (64, 720), Colour(Matrix.BT601)),
        ((1, 1, 1, 1), (64, 48), Colour(Matrix.BT709)),
        ((9, 1, 9, 16), (64, 48), Colour(Matrix.BT2020)),
        ((1, 2, 1, 1), (64, 48), Colour(Matrix.BT709, full_range=True)),
    ],
)
def test_colour_is_what_the_tags_say(tmp_path, record, tags, size, colour):
    record(tmp_path / "a.mp4", tags=tags, size=size, frames=1)
    frames, source = read(tmp_path / "a.mp4")
    assert frames[0].picture.colour == colour
    assert (source.parameters.primaries, source.parameters.transfer) == tags[2:]


def test_motion_jpeg_is_full_range(tmp_path, record):
    record(
        tmp_path / "a.avi",
        codec="mjpeg",
        layout="yuvj420p",
        tags=(5, 2, 2, 2),
        frames=2,
        b_frames=0,
    )
    frames, _ = read(tmp_path / "a.avi")
    assert frames[0].picture.layout is LAYOUTS["yuv420p"]
    assert frames[0].picture.colour == Colour(Matrix.BT601, full_range=True)


def test_an_anamorphic_recording_says_so(tmp_path, record):
    record(tmp_path / "a.mp4", aspect=Fraction(16, 11))
    _, source = read(tmp_path / "a.mp4")
    assert source.parameters.sample_aspect_ratio == Fraction(16, 11)


def shown(plane, degrees, columns_flipped, rows_flipped):
    """The plane turned counterclockwise, then flipped: what the container asks a player for."""
    plane = np.rot90(plane, degrees // 90)
    plane = plane[:, ::-1] if columns_flipped else plane
    return plane[::-1] if rows_flipped else plane


@pytest.mark.parametrize("layout", ["yuv420p", "yuv444p10le", "gray"])
@pytest.mark.parametrize(
    "rotation",
    [
        (90, False, False),
        (180, False, False),
        (270, False, False),
        (0, True, False),
        (0, False, True),
        (90, True, False),
    ],
)
def test_a_turned_recording_is_read_upright(tmp_path, record, samples, layout, rotation):
    path = tmp_path / "a.mp4"
    record(path, codec="ffv1", layout=layout, rotation=rotation, frames=2)
    frames, source = read(path)
    size = (48, 64) if rotation[0] in (90, 270) else (64, 48)
    assert (source.width, source.height) == size
    for plane, stored in zip(frames[1].picture.planes, samples(1, layout=layout), strict=True):
        np.testing.assert_array_equal(plane, shown(stored, *rotation))


def test_a_turned_anamorphic_recording_turns_its_aspect_too(tmp_path, record):
    record(tmp_path / "a.mp4", aspect=Fraction(16, 11), rotation=(90, False, False))
    _, source = read(tmp_path / "a.mp4")
    assert source.parameters.sample_aspect_ratio == Fraction(11, 16)


def test_chroma_that_cannot_be_turned_is_made_finer_first(tmp_path, record, samples):
    record(tmp_path / "a.mp4", codec="ffv1", layout="yuv422p", rotation=(90, False, False))
    frames, source = read(tmp_path / "a.mp4")
    assert frames[0].picture.layout is LAYOUTS["yuv444p"]
    stored = samples(0, layout="yuv422p")
    np.testing.assert_array_equal(frames[0].picture.planes[0], np.rot90(stored[0]))
    assert source.warnings.lines() == [
        "pixel format yuv422p is converted to yuv444p before anything else"
    ]


@pytest.mark.parametrize("size", [(16, 16), (719, 575), (1, 1)])
def test_any_size_is_read(tmp_path, record, size):
    record(tmp_path / "a.mkv", codec="ffv1", size=size, frames=1)
    frames, source = read(tmp_path / "a.mkv")
    assert (source.width, source.height) == size
    assert len(frames) == 1


def test_frames_outlive_their_source(tmp_path, record, samples):
    record(tmp_path / "a.mkv", codec="ffv1", frames=40)
    frames, _ = read(tmp_path / "a.mkv")
    for frame in frames:
        np.testing.assert_array_equal(frame.picture.planes[0], samples(frame.index)[0])


def test_sound_and_subtitles_are_handed_on_as_they_are(tmp_path, record, packets_in):
    path = tmp_path / "a.mkv"
    record(path, frames=75, sound_from=Fraction(0), subtitles="subrip")
    with open_file(path) as source:
        kinds = [stream.type for stream in source.parameters.passed_through]
        of_stream = {stream.index: stream.type for stream in source.parameters.passed_through}
        taken = []
        for _ in source:
            taken += source.take_packets()
        taken += source.take_packets()
        handed = {kind: [] for kind in kinds}
        for packet in taken:
            time = packet.pts * packet.time_base
            handed[of_stream[packet.stream_index]].append((time, bytes(packet)))
    stored = packets_in(path)
    assert handed == {"audio": stored["audio"], "subtitle": stored["subtitle"]}


def test_nothing_is_handed_on_unless_asked(tmp_path, record):
    record(tmp_path / "a.mp4", sound_from=Fraction(0))
    with open_file(tmp_path / "a.mp4", pass_through=False) as source:
        assert len(list(source)) == 30
        assert source.take_packets() == []
        assert source.parameters.passed_through == ()


def comb(frame):
    """How much neighbouring rows differ: fields of two moments make a comb."""
    luma = frame.picture.planes[0].astype(int)
    return np.abs(2 * luma[1:-1] - luma[:-2] - luma[2:]).mean()


def write_fields(path):
    """Interlaced video: a bar moves between the two fields of each frame."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=25, options={"x264-params": "tff=1", "crf": "1"}
        )
        stream.width, stream.height = 128, 96
        stream.codec_context.flags |= 1 << 18 | 1 << 29
        for index in range(12):
            frame = av.VideoFrame(128, 96, "yuv420p")
            for plane in frame.planes[1:]:
                np.frombuffer(plane, np.uint8)[:] = 128
            luma = np.frombuffer(frame.planes[0], np.uint8).reshape(96, -1)
            luma[:] = 60
            for field in (0, 1):
                left = 8 * index + 4 * field
                luma[field::2, left : left + 24] = 200
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_fields_become_whole_pictures_at_the_same_times(tmp_path):
    write_fields(tmp_path / "a.mp4")
    woven, _ = read(tmp_path / "a.mp4", deinterlace=False)
    whole, _ = read(tmp_path / "a.mp4")
    assert [frame.seconds for frame in whole] == [frame.seconds for frame in woven]
    assert whole[6].picture.layout is LAYOUTS["yuv420p"]
    assert comb(whole[6]) < comb(woven[6]) / 4


def test_a_progressive_recording_is_not_touched_by_deinterlacing(tmp_path, record, samples):
    record(tmp_path / "a.mkv", codec="ffv1", frames=3)
    frames, _ = read(tmp_path / "a.mkv", deinterlace=True)
    np.testing.assert_array_equal(frames[1].picture.planes[0], samples(1)[0])


def test_frames_change_size_where_the_recording_does(tmp_path, record):
    for name, size in (("a", (64, 48)), ("b", (96, 80))):
        start = 0 if name == "a" else 36000
        record(
            tmp_path / f"{name}.ts",
            size=size,
            b_frames=0,
            time_base=Fraction(1, 90000),
            times=range(start, start + 36000, 3600),
            container_options={"mpegts_copyts": "1"},
        )
    both = tmp_path / "both.ts"
    both.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    frames, _ = read(both)
    sizes = [(frame.picture.width, frame.picture.height) for frame in frames]
    assert sizes == [(64, 48)] * 10 + [(96, 80)] * 10


def test_the_real_clips_are_read_whole(shared_data):
    frames, source = read(shared_data / "video" / "polyp-560x480-25fps.mp4")
    assert len(frames) == 181
    assert [frame.seconds for frame in frames] == [Fraction(index, 25) for index in range(181)]
    assert source.broken_off is None
