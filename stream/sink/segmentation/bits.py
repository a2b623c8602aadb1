"""Masks as DICOM stores them: one bit a sample, frames one behind the other without a gap."""

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

TOGETHER = 8
"""Frames whose bits fill whole bytes, whatever their size."""


class BitWriter:
    """Packs frames into a file, the first sample in the lowest bit (PS3.5, section 8.1.1)."""

    def __init__(self, file: BinaryIO) -> None:
        """Write to a file from where it is."""
        self._file = file
        self._waiting: list[NDArray[np.bool_]] = []

    def write(self, inside: NDArray[np.bool_]) -> None:
        """Take the samples of one frame; all frames are of one size."""
        self._waiting.append(inside.ravel())
        if len(self._waiting) == TOGETHER:
            self._pack()

    def finish(self) -> None:
        """Write what is left, to an even number of bytes."""
        self._pack()
        if self._file.tell() % 2:
            self._file.write(b"\x00")

    def _pack(self) -> None:
        if self._waiting:
            packed = np.packbits(np.concatenate(self._waiting), bitorder="little")
            self._file.write(packed.tobytes())
            self._waiting.clear()
