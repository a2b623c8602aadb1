"""Opening a recording: one clear line for whatever is wrong with it."""

from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.container
import av.container.core
from av.codec.hwaccel import HWAccel
from av.stream import Disposition
from av.video.stream import VideoStream

from stream.errors import SourceError
from stream.source.address import redacted
from stream.source.dicom.magic import holds_dicom
from stream.tally import Tally

NO_PICTURE = Disposition.attached_pic | Disposition.timed_thumbnails
"""A cover or a thumbnail is no video."""

FASTEST = 1000
"""Frames per second above which a container's word is not believed."""

SLOWEST = Fraction(1, 3600)
"""Frames per second below which it is not believed either."""

LONGEST_UNIT = Fraction(3600)
"""Seconds in a unit of time from which on times mean nothing."""

USUAL_RATE = Fraction(25)
"""Frames per second where nothing says how many."""

TIMELESS_IN_AVI = ("h264", "hevc")
"""AVI stores times of decoding alone; for these codecs FFmpeg's guess of the times of
presentation is wrong where there are B-frames, so it must not guess."""

GENERATE_PTS = cast(int, av.container.core.Flags.gen_pts.value)

WITH_DECLARED_END = ("mov,", "matroska", "avi")
"""Formats whose header says how long they are; others guess it from the file's size."""


def open_container(
    address: str | Path, hardware: HWAccel | None = None
) -> av.container.InputContainer:
    """Open a path or URL for reading.

    Args:
        address: the path or URL.
        hardware: decodes what it can.

    Raises:
        SourceError: there is nothing, or nothing FFmpeg can read.
    """
    shown = redacted(str(address))
    target = str(address)
    if "://" not in target:
        _check_path(Path(address))
        target = f"file:{target}"  # or a colon in a name is taken for a protocol
    try:
        container = av.open(target, metadata_errors="replace", hwaccel=hardware)
    except (av.FFmpegError, OSError, ValueError) as problem:
        raise SourceError(f"{shown}: {_reason(problem, address)}") from problem
    if container.format.name == "tty":
        container.close()
        raise SourceError(f"{shown}: is text, no recording")
    return container


def _check_path(path: Path) -> None:
    """Refuse what cannot be a recording before FFmpeg says so in its own words."""
    try:
        if path.is_dir():
            raise SourceError(f"{path}: is a folder, no recording")
        if not path.exists():
            raise SourceError(f"{path}: there is no such file")
        if path.is_file() and path.stat().st_size == 0:
            raise SourceError(f"{path}: is empty (0 bytes)")
        if holds_dicom(path):  # in which FFmpeg finds some of the JPEG pictures by their markers
            raise SourceError(
                f"{path}: is DICOM, which `process` and `probe` read and nothing else"
            )
    except OSError as problem:
        raise SourceError(f"{path}: {problem.strerror}") from problem


def _reason(problem: Exception, address: str | Path) -> str:
    """Why a file could not be opened, without its address."""
    if isinstance(problem, PermissionError):
        return "no permission to read it"
    if isinstance(problem, av.error.InvalidDataError):
        path = Path(address)
        if path.is_file():
            with path.open("rb") as file:
                if file.read(12)[4:8] == b"ftyp":
                    return "is an mp4 without its index (moov): it was never finished or is cut off"
        return "is no recording that can be read: damaged, or something else under this name"
    return str(getattr(problem, "strerror", None) or "cannot be opened")


def pick_video(container: av.container.InputContainer, shown: str, warnings: Tally) -> VideoStream:
    """Choose the container's video: the largest picture, the first among equals.

    Raises:
        SourceError: there is none, or no decoder for it.
    """
    videos = [stream for stream in container.streams.video if not stream.disposition & NO_PICTURE]
    if not videos:
        held = "sound only" if container.streams.audio else "no video"
        raise SourceError(f"{shown}: holds {held}")
    known = [stream for stream in videos if stream.codec_context is not None]
    if not known:
        raise SourceError(f"{shown}: there is no decoder for its video")
    chosen = max(known, key=lambda stream: stream.width * stream.height)
    if container.format.name == "avi" and chosen.codec_context.name in TIMELESS_IN_AVI:
        container.flags &= ~GENERATE_PTS
    if len(videos) > 1:
        warnings.add(
            f"{shown} holds {len(videos)} videos: "
            f"number {videos.index(chosen) + 1}, the largest, is read"
        )
    return chosen


def plausible_rate(video: VideoStream) -> Fraction:
    """Average frames per second as the container says, or a usual rate."""
    return declared_rate(video) or USUAL_RATE


def declared_rate(video: VideoStream) -> Fraction | None:
    """Average frames per second as the container says, or None where it says nothing likely."""
    for rate in (video.average_rate, video.guessed_rate, video.base_rate):
        if rate and SLOWEST <= rate <= FASTEST:
            return rate
    return None


def believed_unit(container: av.container.InputContainer, video: VideoStream) -> Fraction | None:
    """Seconds per unit of the video's times, or None where they cannot be times."""
    unit = video.time_base or Fraction(1, 90000)
    shortest = Fraction(1, FASTEST) if container.format.name == "avi" else Fraction(0)
    return unit if shortest < unit <= LONGEST_UNIT else None  # AVI's unit is a frame


def declared_end(container: av.container.InputContainer, video: VideoStream) -> float | None:
    """Second at which the recording ends by its header's word, or None."""
    if not container.format.name.startswith(WITH_DECLARED_END):
        return None
    if video.duration is not None and video.time_base:
        return float((video.duration + (video.start_time or 0)) * video.time_base)
    if container.duration is not None:
        return (container.duration + max(container.start_time or 0, 0)) / av.time_base
    return None


def is_cut_short(container: av.container.InputContainer) -> bool:
    """Whether an AVI's first part is longer, by its header's word, than the whole file."""
    if container.format.name != "avi" or not container.name.startswith("file:"):
        return False
    path = Path(container.name.removeprefix("file:"))
    with path.open("rb") as file:
        header = file.read(8)
    return path.stat().st_size < 8 + int.from_bytes(header[4:8], "little")
