"""Prepared recordings for senders: pictures that move, numbered, with keyframes close together."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType

from stream.errors import SettingsError
from stream.frame import Frame, decoded_of, view_plane
from stream.loopback import barcode
from stream.source.synthetic import SyntheticSource
from stream.source.synthetic.address import DEMO_SEED, SyntheticAddress

KEYFRAMES_A_SECOND = 2

USUAL = {"preset": "ultrafast", "tune": "zerolatency", "crf": "18"}
"""Fast and without delay."""

LOW_DELAY = {**USUAL, "maxrate": "12M", "bufsize": "400k"}
"""No picture of more than 50 kB, as encoders are set where delay matters: it leaves at once, and
MPEG-TS can say how long it is."""

NEARLY_LOSSLESS = {"preset": "ultrafast", "crf": "6"}

PICTURES = 150
"""That come again and again: so long that no delay is as long as a round of them."""

LAYOUT = "octagon-right"
"""Leaves the lowest rows to the numbers."""


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
    with av.open(str(path), "w") as container:
        stream: Any = None
        for index, picture in enumerate(pictures):
            frame = decoded_of(picture) if isinstance(picture, Frame) else picture
            if stream is None:
                stream = container.add_stream(codec, rate=rate, options=options or USUAL)
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
                stream.codec_context.gop_size = max(1, round(rate / KEYFRAMES_A_SECOND))
            frame.pict_type = PictureType.NONE  # or a decoded one's would be kept
            barcode.write(view_plane(frame.planes[0], (frame.height, frame.width), np.uint8), index)
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))
    return path


def prepare(
    folder: Path, size: tuple[int, int], rates: Sequence[Fraction], say: Callable[[str], None]
) -> dict[Fraction, Path]:
    """Write a synthetic procedure for senders, once for each rate.

    Args:
        folder: for the files.
        size: width and height.
        rates: pictures a second; the same pictures come at each of them.
        say: told what takes long.

    Returns:
        Paths by rate; each holds `PICTURES` pictures.

    Raises:
        SettingsError: a scene cannot have this size, or is too narrow for numbers.
    """
    if size[0] < barcode.SMALLEST_WIDTH or size[0] % 2 or size[1] % 2:
        raise SettingsError(
            f"size {size[0]}x{size[1]}: H.264 needs even sides, and numbers "
            f"{barcode.SMALLEST_WIDTH} columns"
        )
    say(f"rendering {PICTURES} pictures of a synthetic procedure at {size[0]}x{size[1]}")
    scene = folder / "scene.mp4"
    address = SyntheticAddress(DEMO_SEED, Fraction(PICTURES, 25), Fraction(25), size, LAYOUT)
    with SyntheticSource(address) as source:
        write_prepared(scene, source, options=NEARLY_LOSSLESS)
    paths = {}
    for rate in rates:
        say(f"coding them for {float(rate):g} a second")
        with av.open(str(scene)) as container:
            path, pictures = folder / f"{float(rate):g}.ts", container.decode(video=0)
            paths[rate] = write_prepared(path, pictures, rate, options=LOW_DELAY)
    return paths
