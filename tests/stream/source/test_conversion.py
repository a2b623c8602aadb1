"""Formats that do not travel, converted once."""

import av
import numpy as np
import pytest

from nets.picture import LAYOUTS
from stream.frame import picture_of
from stream.source.conversion import Conversion, travelling_format
from stream.tally import Tally


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("yuv420p", "yuv420p"),
        ("yuvj422p", "yuv422p"),
        ("nv12", "nv12"),
        ("p010le", "p010le"),
        ("gray12le", "gray12le"),
        ("yuyv422", "yuv422p"),
        ("uyvy422", "yuv422p"),
        ("nv21", "yuv420p"),
        ("nv16", "yuv422p"),
        ("yuv411p", "yuv422p"),
        ("yuv440p", "yuv444p"),
        ("yuv410p", "yuv420p"),
        ("yuva420p", "yuv420p"),
        ("yuva444p10le", "yuv444p10le"),
        ("yuv420p9le", "yuv420p10le"),
        ("yuv422p10be", "yuv422p10le"),
        ("yuv444p16le", "yuv444p12le"),
        ("y210le", "yuv422p10le"),
        ("rgb24", "yuv444p"),
        ("bgra", "yuv444p"),
        ("gbrp", "yuv444p"),
        ("gbrp10le", "yuv444p10le"),
        ("rgb48le", "yuv444p12le"),
        ("rgb565le", "yuv444p"),
        ("pal8", "yuv444p"),
        ("bayer_rggb8", "yuv444p"),
        ("ya8", "gray"),
        ("gray16le", "gray12le"),
        ("monob", "gray"),
    ],
)
def test_every_format_has_a_nearest_one_that_travels(given, target):
    assert travelling_format(av.VideoFormat(given)) == target


def formats_in_memory():
    """Names of the pixel formats that this FFmpeg's codecs name, but for those on devices."""
    names = set()
    for codec in sorted(av.codecs_available):
        try:
            formats = av.Codec(codec, "w").video_formats
        except ValueError:  # a decoder, and decoders name no formats
            continue
        names |= {known.name for known in formats or () if known.components}
    return sorted(names)


def test_every_format_that_codecs_name_is_converted():
    names = formats_in_memory()
    assert len(names) > 100
    for name in names:
        target = travelling_format(av.VideoFormat(name, 32, 16))
        travelling = Conversion(Tally()).to_travel(av.VideoFrame(32, 16, name))
        assert picture_of(travelling).layout is LAYOUTS[target]


def packed(samples, name):
    """A packed frame of (H, W * n) bytes."""
    height, width = samples.shape[0], samples.shape[1] // (3 if name == "rgb24" else 2)
    frame = av.VideoFrame(width, height, name)
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(height, plane.line_size)
    rows[:, : samples.shape[1]] = samples
    return frame


@pytest.mark.parametrize(("name", "luma"), [("yuyv422", 0), ("uyvy422", 1)])
def test_packed_yuv_is_taken_apart_without_loss(name, luma):
    generator = np.random.default_rng(3)
    samples = generator.integers(0, 256, (18, 2 * 24), dtype=np.uint8)
    warnings = Tally()
    planes = picture_of(Conversion(warnings).to_travel(packed(samples, name))).planes
    np.testing.assert_array_equal(planes[0], samples[:, luma::2])
    np.testing.assert_array_equal(planes[1], samples[:, 1 - luma :: 4])
    np.testing.assert_array_equal(planes[2], samples[:, 3 - luma :: 4])
    assert warnings.lines() == []


@pytest.mark.parametrize(("height", "kr", "kb"), [(48, 0.299, 0.114), (720, 0.2126, 0.0722)])
def test_rgb_becomes_full_range_yuv_of_the_usual_matrix(height, kr, kb):
    generator = np.random.default_rng(4)
    rgb = generator.integers(0, 256, (height, 32, 3), dtype=np.uint8)
    warnings = Tally()
    frame = packed(rgb.reshape(height, 96), "rgb24")
    picture = picture_of(Conversion(warnings).to_travel(frame))
    assert picture.layout is LAYOUTS["yuv444p"]
    assert picture.colour.full_range
    assert picture.colour.matrix.kr_kb == (kr, kb)
    red, green, blue = np.moveaxis(rgb.astype(float), 2, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    blueness = (blue - luma) / (2 * (1 - kb)) + 128
    redness = (red - luma) / (2 * (1 - kr)) + 128
    for plane, exact in zip(picture.planes, (luma, blueness, redness), strict=True):
        # swscale rounds chroma down: up to one level, and its coefficients have 15 bits.
        assert np.abs(plane - np.clip(exact, 0, 255)).max() <= 1.1
    assert warnings.lines() == ["pixel format rgb24 is converted to yuv444p before anything else"]


def test_a_conversion_is_told_once():
    warnings = Tally()
    conversion = Conversion(warnings)
    for _ in range(5):
        conversion.to_travel(packed(np.zeros((8, 24), np.uint8), "rgb24"))
    assert list(warnings.counts.values()) == [1]
