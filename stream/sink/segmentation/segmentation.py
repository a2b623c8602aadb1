"""The sink: masks of polyps frame by frame, and at the end those of sightings as DICOM."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from pydicom.uid import generate_uid

from stream.finishing import finished
from stream.prediction import Mask
from stream.sink.segmentation.bits import BitWriter
from stream.sink.segmentation.instance import Series
from stream.sink.segmentation.masks import Inside, only
from stream.sink.segmentation.references import Placed
from stream.sink.segmentation.segments import Algorithm, Polyp
from stream.sink.segmentation.store import MaskStore
from stream.tally import Tally

LARGEST = 1 << 30
"""Bytes of masks in one file. DICOM's own limit is four times that, many readers' is twice."""

SUFFIX = "segmentation.dcm"

OTHER_SIZE = "a frame of another size than the first is left out of the Segmentation"


class Segmentation:
    """Writes `NAME.segmentation.dcm`; what one file cannot hold goes on in `NAME.part2.…`.

    Nothing is written before the end: which polyps are sightings is not known earlier.
    """

    def __init__(
        self,
        path: Path,
        subject: Any,
        algorithm: Algorithm,
        *,
        overwrite: bool = False,
        warnings: Tally,
        largest: int = LARGEST,
    ) -> None:
        """Prepare to take frames.

        Args:
            path: of the file, `NAME.segmentation.dcm`.
            subject: what the recording says of whom it shows, a pydicom `Dataset`.
            algorithm: what finds the polyps.
            overwrite: replace files of these names.
            warnings: counts frames that cannot be in it.
            largest: bytes of masks in one file.

        Raises:
            SinkError: its folder cannot be written to.
        """
        self._path, self._overwrite, self._warnings = path, overwrite, warnings
        self._largest = largest
        self._series = Series(subject, algorithm)
        self._store = MaskStore(path.parent)
        self._size: tuple[int, int] | None = None

    def write(
        self,
        number: int,
        size: tuple[int, int],
        mask: Mask,
        followed: Mapping[int, tuple[int, ...]],
    ) -> None:
        """Take one frame.

        Args:
            number: of the frame in the recording, from 1.
            size: the frame's columns and rows.
            mask: where it is polyp.
            followed: by the keys of polyps, which of the mask's regions each of them is.

        Raises:
            SinkError: the mask cannot be kept.
        """
        self._size = self._size or size
        if followed and size != self._size:
            self._warnings.add(OTHER_SIZE)
            return
        for key, regions in followed.items():
            self._store.put(key, number, *only(mask, regions))

    def finish(self, polyps: Sequence[tuple[int, int]]) -> list[Path]:
        """Write the masks of some polyps; there is no file where there are none.

        Args:
            polyps: key and number of each, in the order of their segments.

        Returns:
            The files that were written.

        Raises:
            OutputExistsError: a file is there and may not be replaced.
            SinkError: it cannot be written.
        """
        written: list[Path] = []
        if self._size is not None:
            wanted = [Polyp(key, number, generate_uid(None)) for key, number in polyps]
            frames = self._frames(wanted, self._size)
            at_most = max(1, 8 * self._largest // (self._size[0] * self._size[1]))
            while self._write_part(len(written) + 1, self._size, islice(frames, at_most)):
                written.append(self._part(len(written) + 1))
        for number in count(len(written) + 1):  # an earlier run may have had more to say
            left = self._part(number)
            if not (self._overwrite and left.is_file()):
                break
            left.unlink()
        return written

    def _frames(
        self, polyps: Sequence[Polyp], size: tuple[int, int]
    ) -> Iterator[tuple[Placed, Inside]]:
        """Every frame of every polyp with its mask at the recording's size."""
        for polyp in polyps:
            for number, box, inside in self._store.masks(polyp.key):
                whole = np.zeros(size[::-1], np.bool_)
                whole[box.slices()] = inside
                yield Placed(polyp, number), whole

    def _write_part(
        self, number: int, size: tuple[int, int], frames: Iterator[tuple[Placed, Inside]]
    ) -> bool:
        """Write one file, unless there is nothing left to write."""
        first = next(frames, None)
        if first is None:
            return False
        placed: list[Placed] = []
        with (
            finished(self._part(number), self._overwrite) as partial,
            tempfile.TemporaryFile(dir=self._path.parent) as bits,
        ):
            writer = BitWriter(bits)
            for frame, inside in chain([first], frames):
                writer.write(inside)
                placed.append(frame)
            writer.finish()
            bits.seek(0)
            made = self._series.instance(number, size, placed, bits)
            made.save_as(partial, enforce_file_format=True)
        return True

    def _part(self, number: int) -> Path:
        if number == 1:
            return self._path
        return self._path.with_name(self._path.name.replace(SUFFIX, f"part{number}.{SUFFIX}"))

    def close(self) -> None:
        """Let go of the masks that were kept."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
