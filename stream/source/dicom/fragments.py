"""Encapsulated pixel data: where its fragments lie, and which of them are which picture.

Streams are read where they lie. Nothing is copied to another file.
"""

import bisect
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

from stream.errors import SourceError
from stream.source.dicom.header import Header
from stream.source.dicom.library import need_pydicom

END_OF_SEQUENCE = bytes.fromhex("feffdde0")
"""Sequence delimitation item, little endian (PS3.5, table 7.5-3)."""

END_OF_PICTURE = b"\xff\xd9"
"""Last marker of JPEG, JPEG-LS and JPEG 2000; one byte may follow, to make the length even."""


@dataclass(frozen=True, slots=True)
class Found:
    """The fragments of a file's pixel data.

    Attributes:
        starts: byte of the file at which each begins.
        lengths: in bytes, as far as they are there.
        offsets: where each picture begins, from the first fragment's item on; may be empty.
        cut: whether the last of them is not there to its end.
        whole: whether all are there, by their own lengths and by the end that they need.
    """

    starts: Sequence[int]
    lengths: Sequence[int]
    offsets: Sequence[int]
    cut: bool
    whole: bool


def find_fragments(file: BinaryIO, header: Header) -> Found:
    """Find the fragments; they are read later.

    Args:
        file: the DICOM file.
        header: of it.

    Raises:
        SourceError: there are none, or the items around them are damaged.
    """
    encaps = need_pydicom(header.path).encaps
    size = os.fstat(file.fileno()).st_size
    file.seek(header.pixels_at)
    try:
        offsets = encaps.parse_basic_offsets(file)
        _, items = encaps.parse_fragments(file)
    except Exception:  # whatever damaged bytes lead the library to
        raise SourceError(f"{header.path}: the items of its pixel data are damaged") from None
    starts, lengths, end = [], [], 0
    for item in items:
        file.seek(item + 4)
        length = int.from_bytes(file.read(4), "little")
        end = item + 8 + length
        starts.append(item + 8)
        lengths.append(max(0, min(end, size) - item - 8))
    if not sum(lengths):
        raise SourceError(f"{header.path}: its pixel data is empty")
    file.seek(end)
    whole = end <= size and file.read(4) == END_OF_SEQUENCE
    return Found(starts, lengths, header.offsets or offsets, end > size, whole)


def pictures_of(file: BinaryIO, found: Found, frames: int) -> list[list[int]]:
    """Which fragments each picture consists of (PS3.5, annex A.4); one that is cut is left out.

    Args:
        file: the DICOM file.
        found: its fragments.
        frames: how many pictures it says it has.
    """
    pictures = _grouped(file, found, frames)
    return pictures[:-1] if found.cut else pictures


def _grouped(file: BinaryIO, found: Found, frames: int) -> list[list[int]]:
    numbers = range(len(found.starts))
    if frames == 1:
        return [list(numbers)]
    if found.offsets:
        pictures: list[list[int]] = [[] for _ in found.offsets]
        for number in numbers:
            begins = found.starts[number] - found.starts[0]
            pictures[max(0, bisect.bisect_right(found.offsets, begins) - 1)].append(number)
        return [picture for picture in pictures if picture]
    if len(numbers) <= frames:
        return [[number] for number in numbers]
    pictures = [[]]
    for number in numbers:
        pictures[-1].append(number)
        file.seek(found.starts[number] + max(0, found.lengths[number] - 2))
        last = file.read(min(2, found.lengths[number]))
        if last == END_OF_PICTURE or last == END_OF_PICTURE[1:] + b"\x00":
            pictures.append([])
    return [picture for picture in pictures if picture]


class Joined(io.RawIOBase):
    """Fragments one behind the other, to be read and sought as if they were a file of their own."""

    def __init__(self, file: BinaryIO, found: Found) -> None:
        """Begin at the first.

        Args:
            file: the DICOM file; this closes it.
            found: its fragments.
        """
        super().__init__()
        self._file = file
        self._starts = found.starts
        self._ends = list(accumulate(found.lengths))
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Bytes before what is read next."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to another place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._ends[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes: as many as are asked for, or as there are."""
        left = max(0, self._ends[-1] - self._at)
        size = left if size < 0 else min(size, left)
        parts = []
        while size:
            number = bisect.bisect_right(self._ends, self._at)
            begins = self._ends[number - 1] if number else 0
            self._file.seek(self._starts[number] + self._at - begins)
            part = self._file.read(min(size, self._ends[number] - self._at))
            if not part:
                break
            parts.append(part)
            self._at += len(part)
            size -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        super().close()
