"""Several arrays in one stretch of memory, so that one copy brings them all to the device."""

from collections.abc import Sequence
from itertools import cycle
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nets.engine.cuda.accelerator import Accelerator, Mark, Passed

ALIGNMENT = 256
"""Bytes; what a copy engine likes, and a multiple of every element's size."""

RING = 2
"""Pinned blocks: one is filled while the other goes up."""

Part = tuple[tuple[int, ...], torch.dtype]
"""An array's shape and type."""


class Upload:
    """A block on the device that is filled from a ring of pinned blocks.

    Attributes:
        arrays: on the device, one for each part.

    Args:
        parts: of the block.
        accelerator: the device.
    """

    def __init__(self, parts: Sequence[Part], accelerator: Accelerator) -> None:
        self._starts = starts_of(parts)
        size = self._starts[-1]
        self._block = torch.zeros(size, dtype=torch.uint8, device=accelerator.device)
        self.arrays = split(self._block, parts)
        self._accelerator = accelerator
        pinned = [_Pinned(accelerator.pinned(size), parts) for _ in range(RING)]
        self._ring = cycle(pinned)
        self._next = pinned[0]

    def begin(self) -> list[NDArray[Any]]:
        """Arrays of the host's to be filled, one for each part; 16-bit ones are unsigned."""
        self._next = next(self._ring)
        self._next.sent.wait()
        return self._next.arrays

    def send(self, first: int, end: int) -> None:
        """Ask for parts `first` to `end - 1` of what was begun to be copied to the device."""
        here = slice(self._starts[first], self._starts[end])
        self._block[here].copy_(self._next.block[here], non_blocking=True)
        self._next.sent = self._accelerator.mark()


class _Pinned:
    """A pinned block, and a mark behind its last copy to the device."""

    def __init__(self, block: Tensor, parts: Sequence[Part]) -> None:
        self.block = block
        self.arrays = [
            array.view(np.uint16) if array.dtype == np.int16 else array
            for array in (part.numpy() for part in split(block, parts))
        ]
        self.sent: Mark = Passed()


def starts_of(parts: Sequence[Part]) -> list[int]:
    """Where in a block each part begins, in bytes, and at last the block's size."""
    starts = [0]
    for shape, kind in parts:
        end = starts[-1] + prod(shape) * kind.itemsize
        starts.append(end + -end % ALIGNMENT)
    return starts


def split(block: Tensor, parts: Sequence[Part]) -> list[Tensor]:
    """The arrays in a (N,) uint8 block; nothing is copied."""
    return [
        block[start : start + prod(shape) * kind.itemsize].view(kind).view(shape)
        for start, (shape, kind) in zip(starts_of(parts), parts, strict=False)
    ]
