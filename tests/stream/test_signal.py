"""Pictures of no signal, and pictures that look like it and are not."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from nets.picture import Picture
from stream.frame import picture_of
from stream.signal import CODED, EXACT, Signal, SignalWatch, signal_of, sparse_samples
from stream.source.conversion import Conversion
from stream.source.synthetic import open_synthetic
from stream.tally import Tally


def pattern(graph: str, pixel_format: str = "yuv420p") -> Picture:
    """A test picture of FFmpeg's."""
    with av.open(f"{graph},format={pixel_format}", format="lavfi") as container:
        return picture_of(next(container.decode(video=0)))


def seen(picture: Picture) -> Signal:
    return signal_of(sparse_samples(picture))


def changed(picture: Picture, luma: np.ndarray) -> Picture:
    samples = np.clip(luma, 16, 235).astype(np.uint8)
    return Picture((samples, *picture.planes[1:]), picture.layout, picture.colour)


LABEL = "drawbox=x=iw/3:y=ih/3:w=iw/3:h=ih/10:color=white:t=fill"


@pytest.mark.parametrize("bars", ["smptebars", "smptehdbars", "pal75bars", "pal100bars"])
@pytest.mark.parametrize("size", ["1920x1080", "720x576"])
@pytest.mark.parametrize("label", ["null", LABEL])
def test_bars_are_bars_with_a_label_too(bars, size, label):
    assert seen(pattern(f"{bars}=size={size},{label}")) is Signal.BARS


@pytest.mark.parametrize("pixel_format", ["nv12", "p010le", "yuv422p10le", "yuv444p"])
def test_bars_are_bars_in_every_layout(pixel_format):
    assert seen(pattern("smptebars=size=640x480", pixel_format)) is Signal.BARS


@pytest.mark.parametrize(
    ("graph", "signal"),
    [
        ("color=black", Signal.BLACK),
        ("color=black,format=gray", Signal.BLACK),
        ("color=white", Signal.ONE_COLOUR),
        ("color=0x0000c0", Signal.ONE_COLOUR),
        (f"color=0x0000c0:size=640x480,{LABEL}", Signal.ONE_COLOUR),
    ],
)
def test_what_a_processor_shows_without_a_signal_is_known(graph, signal):
    assert seen(pattern(graph)) is signal


@pytest.mark.parametrize("graph", ["testsrc", "testsrc2", "rgbtestsrc", "colorspectrum"])
def test_other_colourful_pictures_are_pictures(graph):
    assert seen(pattern(graph)) is Signal.PICTURE


@pytest.fixture(scope="module")
def scene() -> list[Picture]:
    source = open_synthetic("synthetic:?seed=7&seconds=1&size=320x240&fps=10")
    return [frame.picture for frame in source]


def test_a_procedure_is_a_picture(scene):
    assert {seen(picture) for picture in scene} == {Signal.PICTURE}


def test_a_dark_procedure_is_a_picture(scene):
    for picture in scene:
        assert seen(changed(picture, 16 + (picture.planes[0] - 16.0) * 0.15)) is Signal.PICTURE


def test_a_lens_on_the_wall_is_a_picture():
    """Red from edge to edge, a little brighter in the middle, and noise of one level."""
    red = pattern("color=0xb04030:size=320x240")
    rows, columns = np.indices((240, 320))
    away = ((rows - 120) / 240) ** 2 + ((columns - 160) / 320) ** 2
    noise = np.random.default_rng(3).normal(0, 1, away.shape)
    assert seen(changed(red, red.planes[0] + 6 - 30 * away + noise)) is Signal.PICTURE


def test_the_same_picture_again_is_the_same_and_a_clock_on_it_does_not_count(scene):
    watch = SignalWatch(EXACT)
    clock = scene[0].planes[0].copy()
    clock[4:8, 4:20] ^= 255
    assert watch.look(scene[0]) is Signal.PICTURE
    assert watch.look(scene[0]) is Signal.SAME
    assert watch.look(changed(scene[0], clock)) is Signal.SAME
    assert watch.look(scene[5]) is Signal.PICTURE


def test_a_sensor_that_looks_at_nothing_new_is_not_the_same(scene):
    watch, generator = SignalWatch(EXACT), np.random.default_rng(5)
    signals = [
        watch.look(changed(scene[0], scene[0].planes[0] + generator.normal(0, 1, (240, 320))))
        for _ in range(5)
    ]
    assert set(signals) == {Signal.PICTURE}


def test_black_that_goes_on_stays_black():
    watch = SignalWatch(EXACT)
    assert [watch.look(pattern("color=black")) for _ in range(2)] == [Signal.BLACK] * 2


def coded(pictures: list[Picture], path: Path) -> Iterator[Picture]:
    """Pictures as a usual sender codes them, with a keyframe every twelve."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options={"crf": "23"})
        stream.width, stream.height = pictures[0].width, pictures[0].height
        stream.pix_fmt, stream.codec_context.gop_size = "yuv420p", 12
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame(picture.width, picture.height, "yuv420p")
            for plane, samples in zip(frame.planes, picture.planes, strict=True):
                lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                lines[:, : plane.width] = samples
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        yield from (picture_of(frame) for frame in container.decode(video=0))


def test_a_frozen_picture_behind_a_coder_is_the_same_and_a_moving_one_is_not(scene, tmp_path):
    watch = SignalWatch(CODED)
    frozen = [watch.look(picture) for picture in coded([scene[0]] * 40, tmp_path / "a.ts")]
    assert Counter(frozen[1:]) == {Signal.SAME: 39}
    moving = SignalWatch(CODED)
    signals = [moving.look(picture) for picture in coded(scene, tmp_path / "b.ts")]
    assert signals.count(Signal.SAME) <= len(signals) // 2


def test_real_procedures_are_pictures_and_never_the_same_for_long(shared_data):
    for path in sorted((shared_data / "video").glob("*.mp4")):
        watch = SignalWatch(CODED)
        with av.open(str(path)) as container:
            looked_at = islice(container.decode(video=0), 0, 360, 3)  # eight a second
            signals = [watch.look(picture_of(frame)) for frame in looked_at]
        assert set(signals) <= {Signal.PICTURE, Signal.SAME}
        assert (Signal.SAME, Signal.SAME) not in set(pairwise(signals))


def test_real_screens_are_pictures(shared_data):
    conversion = Conversion(Tally())
    paths = [path for path in shared_data.glob("ui-1080p/*/*/*.jpg") if "_mask" not in path.name]
    assert paths
    for path in paths:
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
        assert seen(picture_of(conversion.to_travel(frame))) is Signal.PICTURE, path.name
