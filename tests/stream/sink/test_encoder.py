"""Encoders and their options."""

from fractions import Fraction

import av
import numpy as np
import pytest

from stream.errors import SettingsError, SinkError
from stream.sink.encoder import choose_encoder, formats_of
from stream.sink.encoder_settings import PRESETS, EncoderSettings


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"codec": "vp9"}, "codec vp9 is none of h264, hevc, av1, ffv1"),
        ({"crf": 60}, "crf 60 is not in 0 to 51"),
        ({"codec": "av1", "crf": 64}, "crf 64 is not in 0 to 63"),
        ({"crf": 20, "bitrate": 1000}, "exclude each other"),
        ({"bitrate": 0}, "bitrate 0 is not above 0"),
        ({"preset": "quick"}, "preset quick is none of ultrafast"),
        ({"codec": "ffv1", "crf": 3}, "lossless"),
    ],
)
def test_settings_without_sense_are_refused(options, part):
    with pytest.raises(SettingsError, match=part):
        EncoderSettings(**options)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(SettingsError) as caught:
        EncoderSettings(preset="quick", crf=99)
    assert "preset quick" in str(caught.value)
    assert "crf 99" in str(caught.value)


def test_crf_preset_and_bitrate_reach_the_encoder():
    rate = Fraction(25)
    encoder = choose_encoder(EncoderSettings(crf=17.5, preset="slow"), rate, 10_000)
    assert encoder.options["crf"] == "17.5"
    assert encoder.options["preset"] == "slow"
    assert encoder.in_words() == "libx264, crf 17.5, preset slow"
    encoder = choose_encoder(EncoderSettings(bitrate=2_000_000), rate, 10_000)
    assert encoder.bitrate == 2_000_000
    assert "crf" not in encoder.options
    assert encoder.in_words() == "libx264, preset veryfast, 2,000,000 bits/s"


def test_an_encoder_that_ffmpeg_lacks_is_one_clear_line():
    with pytest.raises(SinkError, match="no encoder libnothing"):
        formats_of("libnothing")


def delay(encoder, rate, frames):
    """Frames in presentation order that are inside the encoder at worst."""
    context = av.CodecContext.create(encoder.name, "w")
    context.width, context.height, context.pix_fmt = 128, 96, "yuv420p"
    context.time_base, context.framerate = 1 / rate, rate
    context.gop_size = encoder.keyframe_interval
    context.thread_type, context.thread_count = encoder.thread_type, encoder.thread_count
    context.options = dict(encoder.options)
    generator = np.random.default_rng(0)
    pattern = generator.integers(0, 256, (96 + frames, 256), dtype=np.uint8)
    out, worst, whole = set(), 0, 0
    for index in range(frames):
        frame = av.VideoFrame(128, 96, "yuv420p")
        for plane in frame.planes:
            rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            rows[:] = pattern[index : index + plane.height, : plane.line_size]
        frame.pts = index
        out |= {packet.pts for packet in context.encode(frame)}
        while whole in out:
            whole += 1
        worst = max(worst, index + 1 - whole)
    context.encode(None)
    return worst


CASES = [
    *(("h264", preset, Fraction(25), 2) for preset in PRESETS),
    *(("h264", "medium", rate, 16) for rate in (Fraction(10), Fraction(25), Fraction(60000, 1001))),
    ("h264", "medium", Fraction(5), 2),
    ("h264", "ultrafast", Fraction(25), 1),
    ("hevc", "veryfast", Fraction(25), 2),
    ("hevc", "slow", Fraction(50), 16),
    ("hevc", "medium", Fraction(10), 4),
    ("av1", "ultrafast", Fraction(25), 2),
    ("ffv1", None, Fraction(25), 2),
]


@pytest.mark.parametrize(("codec", "preset", "rate", "cores"), CASES)
def test_no_preset_keeps_more_than_its_share_of_a_second(codec, preset, rate, cores):
    settings = EncoderSettings(codec=codec, preset=preset)
    encoder = choose_encoder(settings, rate, 128 * 96, cores)
    # 0.48 s, and up to three frames that B-frames put out of order; never more than a frame
    # where a frame lasts longer than that.
    assert delay(encoder, rate, frames=round(rate) + 10) <= max(1, 0.48 * rate + 3)


def test_slow_recordings_are_encoded_without_any_delay():
    for codec in ("h264", "hevc", "av1", "ffv1"):
        encoder = choose_encoder(EncoderSettings(codec=codec), Fraction(1), 128 * 96, 16)
        assert delay(encoder, Fraction(1), frames=12) <= 1
