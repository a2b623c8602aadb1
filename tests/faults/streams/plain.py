"""What a plain loop over PyAV gets out of a file: the measure of what must not be lost."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
from av.sidedata.sidedata import Type as SideDataType

MOST_ERRORS = 32
"""Errors of the container in a row after which nothing more is expected of it."""

NEAR = 3
"""Pictures on either side that B-frames are made of, and one more."""


@dataclass(frozen=True)
class Shown:
    """A decoded picture.

    Attributes:
        seconds: its time as a fraction in text, empty where it has none.
        size: columns and rows.
        format: of its pixels.
        digest: of its samples.
        interlaced: whether it is flagged as fields.
        turned: whether it is to be shown turned or mirrored.
        sure: whether the decoder vouches for it, and gives the same with several threads and
            other memory: what it makes up where something is missing depends on both.
    """

    seconds: str
    size: tuple[int, int]
    format: str
    digest: str
    interlaced: bool
    turned: bool
    sure: bool

    @property
    def time(self) -> Fraction | None:
        """When it is shown."""
        return Fraction(self.seconds) if self.seconds else None


def pictures_of(path: Path) -> list[Shown]:
    """Every picture that a plain loop with one thread gives, errors passed over."""
    alone = decode(path, 1)
    together = {(one.seconds, one.digest) for one in decode(path, 0)}
    return [replace(one, sure=one.sure and (one.seconds, one.digest) in together) for one in alone]


def decode(path: Path, threads: int) -> list[Shown]:
    """Every picture of a file's largest video; none if there is none.

    Args:
        path: the file.
        threads: 1, or 0 for as many as the decoder likes.
    """
    found: list[Shown] = []
    kept: list[av.VideoFrame] = []  # so that no memory comes twice
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            videos = [one for one in container.streams.video if one.codec_context is not None]
            if not videos:
                return []
            video = max(videos, key=lambda one: one.width * one.height)
            video.thread_type, video.thread_count = "NONE" if threads else "AUTO", threads
            errors, packets = 0, container.demux(video)
            while errors < MOST_ERRORS:
                try:
                    packet = next(packets)
                    errors = 0
                except (StopIteration, IndexError):
                    break
                except av.FFmpegError:
                    errors += 1
                    packets = container.demux(video)
                    continue
                try:
                    pictures = packet.decode()
                except av.FFmpegError:
                    continue
                found += map(shown, pictures)
                if not threads:
                    kept += pictures
    except (av.FFmpegError, OSError, ValueError):
        return found
    return found


def shown(picture: av.VideoFrame) -> Shown:
    """What is compared of a picture."""
    digest = hashlib.sha256()
    for number, plane in enumerate(picture.planes):
        memory = memoryview(plane)
        component = picture.format.components[number]
        width = component.width if number else picture.width
        height = component.height if number else picture.height
        row = width * ((component.bits + 7) // 8)
        for line in range(height):
            start = line * abs(plane.line_size)
            digest.update(memory[start : start + row])
    time = picture.pts * picture.time_base if picture.pts is not None else None
    return Shown(
        "" if time is None else str(time),
        (picture.width, picture.height),
        picture.format.name.replace("yuvj", "yuv"),
        digest.hexdigest()[:16],
        bool(picture.interlaced_frame),
        picture.side_data.get(SideDataType.DISPLAYMATRIX) is not None,
        not picture.is_corrupt,
    )


def main(words: list[str]) -> None:
    """Decode files one after another and write `plain.json`: a case in a process of its own."""
    answers = {name: [asdict(one) for one in pictures_of(Path(name))] for name in words}
    Path("plain.json").write_text(json.dumps(answers), encoding="utf-8")
    os._exit(0)  # its ending is not on trial, and takes longest


def read(folder: Path) -> dict[str, list[Shown]]:
    """What `main` wrote."""
    answers = json.loads((folder / "plain.json").read_text(encoding="utf-8"))
    return {
        name: [Shown(**(one | {"size": tuple(one["size"])})) for one in pictures]
        for name, pictures in answers.items()
    }
