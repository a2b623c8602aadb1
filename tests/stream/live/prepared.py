"""Prepared recordings for senders: pictures that move, numbered, with keyframes close together."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from stream.frame import Frame, decoded_of
from tests.stream.live import barcode

KEYFRAMES_A_SECOND = 2


def moving_pictures(size: tuple[int, int], count: int) -> Iterator[av.VideoFrame]:
    """Coarse waves that move, quick to make and to code."""
    width, height = size
    rows, columns = np.indices((height, width), np.float32)
    for index in range(count):
        frame = av.VideoFrame(width, height, "yuv420p")
        wave = 120 + 60 * np.sin((rows + 3 * index) / 17) + 40 * np.sin((columns - 2 * index) / 23)
        for plane, samples in zip(
            frame.planes, (wave, wave[::2, ::2] / 2 + 70, 190 - wave[::2, ::2] / 2), strict=True
        ):
            lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            lines[:, : plane.width] = samples
        yield frame


def write_prepared(
    path: Path,
    pictures: Iterable[av.VideoFrame | Frame],
    rate: Fraction = Fraction(25),
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
) -> Path:
    """Write a recording that a sender can send; each picture's number stands in its pixels.

    Args:
        path: `.ts`, whose packets a sender can take as they are.
        pictures: yuv420p, at least `barcode.SMALLEST_WIDTH` wide.
        rate: pictures a second.
        codec: FFmpeg's name of the encoder.
        options: of the encoder; fast and without delay where nothing is asked for.
    """
    usual = {"preset": "ultrafast", "tune": "zerolatency", "crf": "18"}
    with av.open(str(path), "w") as container:
        stream = None
        for index, picture in enumerate(pictures):
            frame = decoded_of(picture) if isinstance(picture, Frame) else picture
            if stream is None:
                stream = container.add_stream(codec, rate=rate, options=options or usual)
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
                stream.codec_context.gop_size = max(1, round(rate / KEYFRAMES_A_SECOND))
            luma = frame.planes[0]
            barcode.write(
                np.frombuffer(luma, np.uint8).reshape(luma.height, luma.line_size)[:, : luma.width],
                index,
            )
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))
    return path
