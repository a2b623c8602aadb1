"""Videos in DICOM: the same frames, times and sound as the stream that was put in."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from stream.source.naming import open_recording
from stream.tally import Tally
from tests.stream.dicom import made
from tests.stream.dicom.made import Made, write_dicom

WAYS = {
    "H.264 in mp4": (".mp4", made.H264, {}, 1),
    "H.264 in a transport stream, in fragments": (".ts", made.H264_IN_FRAGMENTS, {}, 7),
    "HEVC in mp4": (".mp4", made.HEVC, {"codec": "libx265"}, 1),
    "MPEG-2 in a program stream": (".mpg", made.MPEG2, {"codec": "mpeg2video"}, 1),
    "MPEG-2 without a container": (".m2v", made.MPEG2, {"codec": "mpeg2video"}, 1),
}


@pytest.mark.parametrize("way", WAYS)
def test_frames_are_those_of_the_stream_that_was_put_in(way, coded, frames_of, tmp_path):
    suffix, syntax, wanted, pieces = WAYS[way]
    stream = coded(suffix, **wanted)
    path = tmp_path / "a.dcm"
    write_dicom(path, Made(stream.read_bytes(), syntax, 30, pieces=pieces))
    source, frames, _ = frames_of(path)
    _, expected, _ = frames_of(stream)
    assert len(frames) == len(expected) == 30
    for ours, theirs in zip(frames, expected, strict=True):
        assert ours.seconds == theirs.seconds
        for plane, other in zip(ours.picture.planes, theirs.picture.planes, strict=True):
            np.testing.assert_array_equal(plane, other)
    assert source.encoding.endswith("in DICOM (Video Endoscopic Image)")
    assert source.frame_count == 30
    assert source.warnings.counts == {}
    assert source.broken_off is None


def test_sound_comes_along(video, coded, frames_of):
    with open_recording(str(video), warnings=Tally()) as source:
        assert [stream.type for stream in source.parameters.passed_through] == ["audio"]
    sound = frames_of(video)[2]
    assert len(sound) == len(frames_of(coded(".mp4", sound_from=Fraction(0)))[2]) > 40


@pytest.mark.parametrize(
    ("attributes", "rate"),
    [
        ({"FrameTime": "33.33"}, Fraction(100_000, 3333)),
        ({"FrameTime": None, "CineRate": "50"}, Fraction(50)),
        ({"FrameTime": None, "RecommendedDisplayFrameRate": "30"}, Fraction(30)),
        ({"FrameTime": "0", "CineRate": "50"}, Fraction(50)),
        ({"FrameTime": None}, Fraction(25)),
    ],
)
def test_a_stream_without_times_gets_those_of_the_header(
    attributes, rate, coded, frames_of, tmp_path
):
    stream = coded(".264", b_frames=0).read_bytes()
    write_dicom(tmp_path / "a.dcm", Made(stream, made.H264, 30, more=attributes))
    source, frames, _ = frames_of(tmp_path / "a.dcm")
    steps = {after.seconds - before.seconds for before, after in pairwise(frames)}
    assert len(frames) == 30
    # FFmpeg rounds a rate to a unit of a 1/1,200,000 s.
    assert all(abs(step - 1 / rate) < Fraction(1, 600_000) for step in steps)
    assert abs(source.duration - 30 / rate) < Fraction(1, 10_000)


def test_a_video_photographic_image_is_read_too(coded, frames_of, tmp_path):
    stream = coded().read_bytes()
    write_dicom(tmp_path / "a", Made(stream, made.H264, 30, kind=made.VIDEO_PHOTOGRAPHIC))
    source, frames, _ = frames_of(tmp_path / "a")  # it needs no suffix either
    assert len(frames) == 30
    assert "Video Photographic Image" in source.encoding


def test_another_number_of_frames_than_the_header_says_is_told(coded, frames_of, tmp_path):
    write_dicom(tmp_path / "a.dcm", Made(coded().read_bytes(), made.H264, 31))
    source, frames, _ = frames_of(tmp_path / "a.dcm")
    assert len(frames) == 30
    assert "says 31 frames, but 30 came out" in " ".join(source.warnings.lines())
    assert source.broken_off is None


def test_a_patients_name_in_the_containers_own_words_is_left_behind(frames_of, record, tmp_path):
    record(tmp_path / "a.mp4", frames=3)
    with av.open(str(tmp_path / "a.mp4")) as container, av.open(str(tmp_path / "b.mp4"), "w") as to:
        to.metadata["title"] = "Doe^Wilhelmina"
        stream = to.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(video=0):
            if packet.size:
                packet.stream = stream
                to.mux(packet)
    write_dicom(tmp_path / "a.dcm", Made((tmp_path / "b.mp4").read_bytes(), made.H264, 3))
    assert frames_of(tmp_path / "b.mp4")[0].parameters.metadata["title"] == "Doe^Wilhelmina"
    assert frames_of(tmp_path / "a.dcm")[0].parameters.metadata == {}
