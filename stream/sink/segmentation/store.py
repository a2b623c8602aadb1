"""Masks kept aside until it is known which of them are wanted."""

import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from stream.errors import SinkError
from stream.finishing import reason_of

FASTEST = 1
"""Level of compression: a mask is one blot, so more would not gain much."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a mask lies in the file, and where in its frame."""

    frame: int
    box: Rect
    at: int
    length: int


class MaskStore:
    """Keeps masks of polyps in a file without a name, which is gone when this is closed."""

    def __init__(self, folder: Path) -> None:
        """Make the file.

        Args:
            folder: where there is room for it.

        Raises:
            SinkError: there is no folder, or it cannot be written to.
        """
        self._folder = folder
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
        except OSError as problem:
            raise SinkError(f"{folder}: cannot be written to: {reason_of(problem)}") from problem
        self._kept: dict[int, list[_Kept]] = {}
        self._end = 0

    def put(self, key: int, frame: int, box: Rect, inside: NDArray[np.bool_]) -> None:
        """Keep one mask.

        Args:
            key: of the polyp.
            frame: number of the frame.
            box: the part of the frame that the mask is about.
            inside: (box.height, box.width), what of it is polyp.

        Raises:
            SinkError: it cannot be written.
        """
        packed = zlib.compress(np.packbits(inside).tobytes(), FASTEST)
        try:
            self._file.seek(self._end)
            self._file.write(packed)
        except OSError as problem:
            raise SinkError(
                f"{self._folder}: cannot be written to: {reason_of(problem)}"
            ) from problem
        self._kept.setdefault(key, []).append(_Kept(frame, box, self._end, len(packed)))
        self._end += len(packed)

    def count(self, key: int) -> int:
        """How many masks of a polyp there are."""
        return len(self._kept.get(key, ()))

    def masks(self, key: int) -> Iterator[tuple[int, Rect, NDArray[np.bool_]]]:
        """The masks of a polyp, in the order they came: frame, box and what is inside."""
        for kept in self._kept.get(key, ()):
            self._file.seek(kept.at)
            packed = zlib.decompress(self._file.read(kept.length))
            flat = np.unpackbits(np.frombuffer(packed, np.uint8), count=kept.box.area)
            yield kept.frame, kept.box, flat.reshape(kept.box.height, kept.box.width).view(np.bool_)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
