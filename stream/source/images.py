"""A folder of pictures read as one recording, in the natural order of their names."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from av.packet import Packet

from stream.errors import BrokenOffError, SourceError
from stream.frame import Frame, frame_of
from stream.parameters import StreamParameters
from stream.source.conversion import Conversion
from stream.source.opening import open_container
from stream.source.orientation import UPRIGHT, orientation_of, upright
from stream.tally import Tally

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})

USUAL_RATE = Fraction(25)
"""Pictures per second where the user says nothing."""


def natural_key(path: Path) -> list[tuple[int, str]]:
    """Sorts frame_2 before frame_10.

    >>> sorted([Path("f10.png"), Path("f2.png")], key=natural_key)[0].name
    'f2.png'
    """
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def pictures_in(folder: Path) -> list[Path]:
    """The pictures right inside a folder, in natural order; hidden files are left out."""
    return sorted(
        (
            path
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES and path.is_file() and path.name[0] != "."
        ),
        key=natural_key,
    )


class ImageFolderSource:
    """Pictures of a folder as frames, the n-th at n divided by the rate.

    A picture that cannot be read is left out with a counted warning, and its moment stays
    empty, so that every other keeps its own. Attributes are those of a `FileSource`.
    """

    def __init__(
        self, folder: Path, *, rate: Fraction = USUAL_RATE, warnings: Tally | None = None
    ) -> None:
        """List the folder and read its first picture.

        Args:
            folder: where the pictures lie.
            rate: pictures per second.
            warnings: counts what cannot be read.

        Raises:
            SourceError: there is no folder, no picture in it, or none that can be read.
        """
        self.warnings = warnings if warnings is not None else Tally()
        self.broken_off: BrokenOffError | None = None
        self.name = folder.resolve().name
        try:
            self._paths = pictures_in(folder)
        except OSError as problem:
            raise SourceError(f"{folder}: {problem.strerror}") from problem
        if not self._paths:
            raise SourceError(f"{folder}: holds no pictures ({', '.join(sorted(SUFFIXES))})")
        self.rate = rate
        self.time_base = 1 / rate
        self.encoding = "pictures in a folder"
        self.frame_count: int | None = len(self._paths)
        self.duration: Fraction | None = len(self._paths) / rate
        self.parameters = StreamParameters(time_base=self.time_base, rate=rate)
        self._conversion = Conversion(self.warnings)
        self._frames = self._read_all()
        self._first = next(self._frames, None)
        if self._first is None:
            raise SourceError(f"{folder}: not one of its {len(self._paths)} pictures can be read")
        self.width, self.height = self._first.picture.width, self._first.picture.height

    def __iter__(self) -> Iterator[Frame]:
        """Every picture that can be read, in order."""
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def take_packets(self) -> "list[Packet[Any]]":
        """Nothing: pictures have no sound."""
        return []

    def _read_all(self) -> Iterator[Frame]:
        """The pictures as frames."""
        index = 0
        for place, path in enumerate(self._paths):
            try:
                shown = self._read(path)
            except (SourceError, av.FFmpegError):
                self.warnings.add("a picture could not be read and was left out")
                continue
            yield frame_of(shown, index, place, self.time_base)
            index += 1

    def _read(self, path: Path) -> av.VideoFrame:
        """One picture, upright, in a format that travels."""
        with open_container(path) as container:
            decoded = next(container.decode(video=0), None)
        if decoded is None:
            raise SourceError(f"{path}: holds no picture")
        orientation = orientation_of(decoded)
        if orientation == UPRIGHT:
            return self._conversion.to_travel(decoded)
        return upright(self._conversion.to_turn(decoded), orientation)

    def close(self) -> None:
        """Leave the pictures that were not read unread."""
        self._frames = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_images(
    folder: Path, *, rate: Fraction = USUAL_RATE, warnings: Tally | None = None
) -> ImageFolderSource:
    """Open a folder of pictures; see `ImageFolderSource`."""
    return ImageFolderSource(folder, rate=rate, warnings=warnings)
