"""Hardware encoders: taken where they work, and software where they do not."""

from fractions import Fraction
from pathlib import Path

import av.codec
import pytest

from nets.picture import LAYOUTS
from stream.sink.encoder import Encoder, formats_of
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.fitting import encoded_format
from stream.sink.hardware import KINDS, hardware_encoder, works
from stream.source.file import open_file

RATE = Fraction(25)


@pytest.fixture
def frame_of(tmp_path, record):
    """A frame of some size and layout: `frame_of((64, 48))`."""

    def read(size=(256, 256), layout="yuv420p"):
        record(tmp_path / "a.mkv", codec="ffv1", size=size, layout=layout, frames=1)
        with open_file(tmp_path / "a.mkv") as source:
            return next(iter(source))

    return read


def test_an_encoder_is_tried_with_the_very_size_it_is_for(frame_of):
    quiet = {"x265-params": "log-level=none"}
    assert works(Encoder("libx265", quiet), RATE, frame_of())
    assert works(Encoder("libx265", quiet), RATE, frame_of((719, 575)))  # as it is recorded: padded
    assert not works(Encoder("libx265", quiet), RATE, frame_of((8, 8)))


@pytest.mark.skipif(any(Path("/dev").glob("nvidia*")), reason="there is a device that may encode")
def test_an_encoder_without_its_device_does_not_work(frame_of):
    assert not works(Encoder("h264_nvenc"), RATE, frame_of())


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_auto_takes_none_but_one_that_works(codec, frame_of):
    frame = frame_of()
    encoder = hardware_encoder(EncoderSettings(codec, encoder="auto"), RATE, frame)
    assert encoder is None or works(encoder, RATE, frame)


def test_lossless_has_no_hardware(frame_of):
    assert hardware_encoder(EncoderSettings("ffv1", encoder="auto"), RATE, frame_of()) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_has_a_format_that_hardware_takes(kind, layout):
    for codec in ("h264", "hevc", "av1"):
        name = f"{codec}_{kind}"
        if name in av.codec.codecs_available:
            found = LAYOUTS[encoded_format(LAYOUTS[layout], formats_of(name))]
            assert found.bits <= LAYOUTS[layout].bits
            if layout == "yuv420p10le" and "p010le" in formats_of(name):
                assert found.bits == 10


def test_whatever_encodes_the_recording_is_whole(tmp_path, record, again):
    times = record(tmp_path / "in.mp4", frames=30, size=(256, 256))
    warnings = again(tmp_path / "in.mp4", tmp_path / "out.mp4", encoder="auto")
    with open_file(tmp_path / "out.mp4") as source:
        assert [frame.seconds for frame in source] == times
        assert source.broken_off is None
    assert warnings.lines() == []
