"""Pictures in packets as encoders make them, told without FFmpeg's parsers."""

from fractions import Fraction

import av
import pytest

from stream.source.access_units import is_keyframe, is_one_picture
from tests.stream.live.moving import moving_pictures

ENCODERS = [
    ("libx264", "h264", {"preset": "ultrafast", "g": "5"}),
    ("libx264", "h264", {"preset": "ultrafast", "g": "5", "slices": "4"}),
    (
        "libx264",
        "h264",
        {"g": "6", "bf": "2", "x264-params": "open-gop=1:scenecut=0:b-adapt=0:min-keyint=6"},
    ),
    ("libx264", "h264", {"x264-params": "intra-refresh=1", "g": "6", "tune": "zerolatency"}),
    ("libx265", "hevc", {"preset": "ultrafast", "x265-params": "keyint=5:log-level=none"}),
    ("mpeg2video", "mpeg2video", {"g": "5"}),
]


def coded(name, options):
    """Twenty pictures, as an encoder that repeats its parameter sets makes them."""
    encoder = av.CodecContext.create(name, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 192, 144, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.options = options
    packets = []
    for index, picture in enumerate(moving_pictures((192, 144), 20)):
        picture.pts, picture.time_base = index, Fraction(1, 25)
        packets += encoder.encode(picture)
    return packets + encoder.encode(None)


@pytest.mark.parametrize(("name", "codec", "options"), ENCODERS)
def test_a_picture_is_told_from_two_and_from_the_rest_of_one(name, codec, options):
    packets = [bytes(packet) for packet in coded(name, options)]
    assert len(packets) == 20
    assert all(is_one_picture(content, codec) for content in packets)
    assert not is_one_picture(packets[3] + packets[4], codec)
    assert not is_one_picture(packets[3][len(packets[3]) // 2 :], codec)
    assert not is_one_picture(b"", codec)


@pytest.mark.parametrize(("name", "codec", "options"), ENCODERS)
def test_keyframes_are_those_of_the_encoder(name, codec, options):
    packets = coded(name, options)
    keyframes = [packet.is_keyframe for packet in packets]
    assert 1 < sum(keyframes) < len(packets) or "intra-refresh" in str(options)
    assert [is_keyframe(bytes(packet), codec) for packet in packets] == keyframes


def test_what_is_cut_off_is_no_keyframe():
    assert not is_keyframe(b"\0\0\1\x06\xff", "h264")
    assert not is_keyframe(b"\0\0\1\x00", "mpeg2video")
