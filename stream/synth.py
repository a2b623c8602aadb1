"""Synthetic material on disk: a video with its ground truth, or pictures with their masks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import LAYOUTS, Colour, Picture
from stream.errors import SettingsError, SinkError
from stream.finishing import finished
from stream.frame import Frame, decoded_of
from stream.source.synthetic import SyntheticSource
from stream.source.synthetic.address import DEMO_SEED, SyntheticAddress
from stream.source.synthetic.sample import draw_sample

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv")

TRAINING_SEED = 1000
"""Seeds from here on are for training; the demo's and the tests' lie below."""

JPEG_QUALITY = 92

Progress = Callable[[int, int], None]
"""Told how many of how many pictures are written."""


def write_video(
    out: Path,
    *,
    seed: int = DEMO_SEED,
    seconds: Fraction = Fraction(10),
    fps: Fraction = Fraction(25),
    size: tuple[int, int] = (1920, 1080),
    layout: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write a scene as H.264, and beside it where the polyps are.

    Args:
        out: `NAME.mp4`, `.mov` or `.mkv`; `NAME.masks.mp4` comes with it: FFV1, grey, 255
            where a polyp is seen, frame for frame and at the same times.
        seed: of the scene.
        seconds: length.
        fps: frames a second.
        size: width and height.
        layout: of the processor's panel; None lets the seed choose.
        overwrite: replace what is there.
        progress: told after every frame.

    Returns:
        The path of the masks.

    Raises:
        SettingsError: H.264 cannot have this size, or the layout or suffix is unknown.
        OutputExistsError: one of the files is there already.
        SinkError: a file cannot be written.
    """
    if out.suffix.lower() not in VIDEO_SUFFIXES:
        raise SettingsError(f"{out}: name it {' or '.join(VIDEO_SUFFIXES)}")
    if size[0] % 2 or size[1] % 2:
        raise SettingsError(f"size {size[0]}x{size[1]}: H.264 needs even sides")
    masks = out.with_suffix(".masks.mp4")
    source = SyntheticSource(SyntheticAddress(seed, seconds, fps, size, layout))
    total = source.frame_count or 0
    with (
        finished(out, overwrite) as video_path,
        finished(masks, overwrite) as masks_path,
        source,
        _opened(video_path, source, "libx264", "yuv420p") as (video, video_stream),
        _opened(masks_path, source, "ffv1", "gray") as (truth, truth_stream),
    ):
        for frame in source:
            video.mux(video_stream.encode(decoded_of(frame)))
            truth.mux(truth_stream.encode(decoded_of(_as_grey(frame, source.truth(frame.index)))))
            if progress is not None:
                progress(frame.index + 1, total)
    return masks


def write_dataset(
    out: Path,
    count: int,
    seed: int = TRAINING_SEED,
    size: tuple[int, int] = (640, 512),
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write pictures of as many different scenes, and their masks.

    Args:
        out: folder; gets `images/NNNN.jpg` and `masks/NNNN.png`, masks being 0 or 255.
        count: how many.
        seed: of the first scene; the others follow on.
        size: width and height of a picture.
        overwrite: replace a data set that is there.
        progress: told after every picture.

    Raises:
        OutputExistsError: the folder is there already.
        SinkError: it cannot be written, or `overwrite` would remove more than a data set.
    """
    if overwrite and out.exists() and {path.name for path in out.iterdir()} - {"images", "masks"}:
        raise SinkError(f"{out} holds more than a data set: name another folder")
    digits = max(4, len(str(count - 1)))
    with finished(out, overwrite) as folder:
        images, masks = folder / "images", folder / "masks"
        images.mkdir(parents=True)
        masks.mkdir()
        for number in range(count):
            rgb, mask = draw_sample(seed + number, size)
            name = f"{number:0{digits}d}"
            quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
            _write_picture(images / f"{name}.jpg", rgb[..., ::-1], quality)
            _write_picture(masks / f"{name}.png", mask.astype(np.uint8) * 255, [])
            if progress is not None:
                progress(number + 1, count)


def _as_grey(frame: Frame, mask: NDArray[np.bool_]) -> Frame:
    """A mask at a frame's time, 0 or 255."""
    planes = (mask.astype(np.uint8) * 255,)
    colour = Colour(frame.picture.colour.matrix, full_range=True)
    return frame.with_picture(Picture(planes, LAYOUTS["gray"], colour))


def _write_picture(path: Path, picture: NDArray[np.uint8], options: list[int]) -> None:
    """Write a picture in BGR or grey.

    Raises:
        OSError: it cannot be written.
    """
    _, encoded = cv2.imencode(path.suffix, picture, options)
    path.write_bytes(encoded.tobytes())


@contextmanager
def _opened(
    path: Path, source: SyntheticSource, codec: str, layout: str
) -> Iterator[tuple[av.container.OutputContainer, av.VideoStream]]:
    """A container with one stream of the source's size and times; drained at the end."""
    options = {} if path.suffix == ".mkv" else {"movflags": "faststart", "movie_timescale": "90000"}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=source.rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = source.width, source.height, layout
        stream.time_base = stream.codec_context.time_base = source.time_base
        if codec == "libx264":
            stream.options = {"crf": "18", "preset": "veryfast"}
            context, parameters = stream.codec_context, source.parameters
            context.colorspace = parameters.matrix_tag
            context.color_primaries = parameters.primaries
            context.color_trc = parameters.transfer
            context.color_range = 1
        yield container, stream
        container.mux(stream.encode(None))
