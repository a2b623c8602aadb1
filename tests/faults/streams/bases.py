"""Whole recordings of the synthetic scene, small, in the encodings and containers of the world."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from stream.frame import decoded_of
from stream.source.synthetic.address import SyntheticAddress
from stream.source.synthetic.source import SyntheticSource

RATE = Fraction(25)
SOUND_RATE = 44100


@dataclass(frozen=True)
class Base:
    """A recording to be damaged.

    Attributes:
        name: says what it is.
        suffix: of its container.
        codec: encoder of its pictures.
        sound: encoder of its sound; none where empty.
        sizes: of its pictures; where there are several, it changes between them.
        options: of the encoder.
        container: options of the container.
        interlaced: whether its pictures are fields.
    """

    name: str
    suffix: str
    codec: str = "libx264"
    sound: str = ""
    sizes: tuple[tuple[int, int], ...] = ((80, 64),)
    options: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)
    interlaced: bool = False


FAST = {"preset": "ultrafast", "bf": "2", "threads": "1"}
X265 = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1:frame-threads=1"}
TWO_SIZES = ((80, 64), (96, 64))
IN_BAND = FAST | {"x264-params": "repeat-headers=1"}

BASES = (
    Base("h264 mp4", ".mp4", sound="aac", options=FAST),
    Base("h264 mp4, index in front", ".mp4", options=FAST, container={"movflags": "faststart"}),
    Base(
        "h264 mp4 in fragments",
        ".mp4",
        sound="aac",
        options=FAST,
        container={"movflags": "frag_keyframe+empty_moov"},
    ),
    Base("h264 mkv", ".mkv", sound="aac", options=FAST),
    Base("h264 ts", ".ts", sound="aac", options=FAST),
    Base("h264 avi", ".avi", sound="mp2", options=FAST),
    Base("h264 mov", ".mov", sound="aac", options=FAST),
    Base("h264 mkv, interlaced", ".mkv", options=FAST | {"preset": "superfast"}, interlaced=True),
    Base("hevc mp4", ".mp4", codec="libx265", sound="aac", options=X265),
    Base("hevc mkv", ".mkv", codec="libx265", options=X265),
    Base("hevc ts", ".ts", codec="libx265", sound="aac", options=X265),
    Base("mjpeg avi", ".avi", codec="mjpeg", sound="mp2"),
    Base("mjpeg mkv", ".mkv", codec="mjpeg", sound="aac"),
    Base("mjpeg mov", ".mov", codec="mjpeg"),
    Base("h264 ts, two sizes", ".ts", sizes=TWO_SIZES, options=IN_BAND, sound="aac"),
    Base("h264 mkv, two sizes", ".mkv", sizes=TWO_SIZES, options=IN_BAND),
    Base("mjpeg avi, two sizes", ".avi", codec="mjpeg", sizes=TWO_SIZES),
)


def write_base(base: Base, path: Path, frames: int = 24, seed: int = 3) -> None:
    """Write a recording; the same bytes for the same arguments."""
    options = {"fflags": "+bitexact"} | base.container  # no dates, no random numbers
    with av.open(str(path), "w", container_options=options) as container:
        video = container.add_stream(base.codec, rate=RATE, options=dict(base.options))
        _set_up(video.codec_context, base, base.sizes[0])
        tone = container.add_stream(base.sound, rate=SOUND_RATE) if base.sound else None
        packets = list(_pictures(base, video, frames, seed))
        if tone is not None:
            packets += _tone(tone, frames / RATE)
        packets.sort(key=lambda packet: packet.dts * packet.time_base)
        for packet in packets:
            container.mux(packet)


def _pictures(base: Base, video: Any, frames: int, seed: int) -> Iterator[Any]:
    """Packets of the pictures, of one encoder a size."""
    share = frames // len(base.sizes)
    for number, size in enumerate(base.sizes):
        encoder = video
        if number:
            encoder = av.CodecContext.create(base.codec, "w")
            _set_up(encoder, base, size)
            encoder.options = dict(base.options)
        for index, picture in enumerate(_scene(seed + number, size, share)):
            native = picture.reformat(format=_format(base.codec))
            native.pts, native.time_base = number * share + index, 1 / RATE
            yield from _of(encoder.encode(native), video)
        yield from _of(encoder.encode(None), video)


@lru_cache
def _scene(seed: int, size: tuple[int, int], frames: int) -> list[av.VideoFrame]:
    scene = SyntheticSource(SyntheticAddress(seed, None, RATE, size))
    return [decoded_of(scene.frame(2 * index)) for index in range(frames)]


def _of(packets: list[Any], video: Any) -> Iterator[Any]:
    for packet in packets:
        packet.stream = video
        yield packet


def _set_up(context: Any, base: Base, size: tuple[int, int]) -> None:
    context.width, context.height = size
    context.pix_fmt = _format(base.codec)
    context.time_base, context.framerate = 1 / RATE, RATE
    context.gop_size = 8
    if base.interlaced:
        context.flags |= 1 << 18 | 1 << 29  # interlaced coding and motion search


def _format(codec: str) -> str:
    return "yuvj420p" if codec == "mjpeg" else "yuv420p"


def _tone(stream: Any, seconds: Fraction) -> list[Any]:
    """Packets of a quiet tone."""
    kind, packets = stream.codec_context.format.name, []
    for start in range(0, int(seconds * SOUND_RATE), 1152):
        frame = av.AudioFrame(format=kind, layout="stereo", samples=1152)
        frame.rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
        tone = 0.1 * np.sin(np.arange(start, start + 1152) / 20)
        for plane in frame.planes:
            if kind.startswith("flt"):
                np.frombuffer(plane, np.float32)[:1152] = tone
            else:
                np.frombuffer(plane, np.int16)[:1152] = 8000 * tone
        packets += stream.encode(frame)
    return packets + stream.encode(None)
