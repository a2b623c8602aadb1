"""Frames between two processes: a ring of slots in shared memory, nothing pickled.

One process writes, one reads, one thread each. The parent makes the ring and takes it away,
whichever end it has; the child attaches by the ring's `RingShape`. A frame's samples go into a
slot, everything else of it is a `Slotted` that is sent through a pipe. The reader copies the
samples out at once and so hands the slot back; a byte a slot says whose it is.

A pipe keeps order, so a ring that frames have outgrown is replaced without a pause: what was
sent before the word of the new ring lies in the old one.
"""

import shutil
import time
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nets.picture import LAYOUTS, Colour, Picture
from stream.errors import SharedMemoryError
from stream.frame import Frame

ALIGNMENT = 64
"""Slots begin on a cache line."""

FREE, TAKEN = 0, 1

LOOK_EVERY_S = 0.001
"""Between two looks for a slot that becomes free."""

POSIX_FOLDER = Path("/dev/shm")  # noqa: S108 - not a temporary file: where Linux keeps it
"""Where Linux keeps shared memory; in containers it is often small."""


@dataclass(frozen=True, slots=True)
class RingShape:
    """What a process needs to attach to a ring; goes through a pipe."""

    name: str
    slots: int
    slot_bytes: int

    def fits(self, picture: Picture) -> bool:
        """Whether a slot holds such a picture."""
        return bytes_of(picture) <= self.slot_bytes


@dataclass(frozen=True, slots=True)
class Slotted:
    """A frame in a slot: all of it but its samples; goes through a pipe.

    Attributes:
        slot: where the samples are, one plane behind the other.
        index, pts, time_base, arrived_at: the frame's.
        layout: name of the picture's layout.
        colour: what its samples mean.
        width: luma columns.
        height: luma rows.
    """

    slot: int
    index: int
    pts: int
    time_base: Fraction
    layout: str
    colour: Colour
    width: int
    height: int
    arrived_at: float


def bytes_of(picture: Picture) -> int:
    """Bytes of a picture's samples, without padding."""
    return sum(plane.nbytes for plane in picture.planes)


class _Slots:
    """A ring's memory as one end sees it."""

    def __init__(self, memory: SharedMemory, shape: RingShape) -> None:
        self.shape = shape
        self._memory = memory
        assert memory.buf is not None  # before close
        self._samples: NDArray[np.uint8] = np.frombuffer(memory.buf, np.uint8)

    @property
    def taken(self) -> NDArray[np.uint8]:
        """A byte a slot: who has it."""
        return self._samples[: self.shape.slots]

    def slot(self, number: int) -> NDArray[np.uint8]:
        """The bytes of a slot."""
        start = _aligned(self.shape.slots) + number * self.shape.slot_bytes
        return self._samples[start : start + self.shape.slot_bytes]

    def close(self) -> None:
        """Detach."""
        self._samples = np.empty(0, np.uint8)  # or the memory would refuse to be closed
        self._memory.close()


class Ring:
    """A ring as its maker, the parent, holds it; `close` takes it away.

    Take it away when the child has attached to it or has ended, not while it may be attaching.
    """

    def __init__(self, slots: int, slot_bytes: int) -> None:
        """Make a ring.

        Args:
            slots: frames that may be under way at a time.
            slot_bytes: bytes of the largest picture.

        Raises:
            SharedMemoryError: the system has too little shared memory.
        """
        slot_bytes = _aligned(slot_bytes)
        size = _aligned(slots) + slots * slot_bytes
        _check_room(size)
        try:
            self._memory = SharedMemory(create=True, size=size)
        except OSError as problem:
            raise SharedMemoryError(
                f"{size >> 20} MiB of shared memory cannot be had: {problem.strerror}"
            ) from problem
        self.shape = RingShape(self._memory.name, slots, slot_bytes)
        self.slots = _Slots(self._memory, self.shape)

    def clear(self) -> None:
        """Free every slot; only while the child is not running."""
        self.slots.taken[:] = FREE

    def close(self) -> None:
        """Take the ring away; a child that is attached keeps what it sees."""
        self.slots.close()
        self._memory.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _End:
    """One end of a ring: the parent's own, or a child's that attached."""

    def __init__(self, ring: Ring | RingShape) -> None:
        """Take hold of a ring.

        Args:
            ring: the ring itself in the process that made it, else its shape.

        Raises:
            SharedMemoryError: the ring is gone.
        """
        self._attached = isinstance(ring, RingShape)
        self._slots = _attach(ring) if isinstance(ring, RingShape) else ring.slots
        self.shape = self._slots.shape

    def close(self) -> None:
        """Detach; the ring itself stays its maker's to take away."""
        if self._attached:
            self._slots.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RingWriter(_End):
    """Puts frames into slots."""

    def put(self, frame: Frame, until: float = 0.0) -> Slotted | None:
        """Copy a frame's samples into a free slot.

        Args:
            frame: of a picture that `shape.fits`.
            until: waits so long for a slot, in monotonic seconds.

        Returns:
            What to send to the reader, or None where every slot is taken.
        """
        while not (free := np.flatnonzero(self._slots.taken == FREE)).size:
            if time.monotonic() >= until:
                return None
            time.sleep(LOOK_EVERY_S)
        slot, picture = int(free[0]), frame.picture
        memory, start = self._slots.slot(slot), 0
        for plane in picture.planes:
            target: NDArray[Any] = memory[start : start + plane.nbytes].view(plane.dtype)
            np.copyto(target.reshape(plane.shape), plane)
            start += plane.nbytes
        self._slots.taken[slot] = TAKEN
        return Slotted(
            slot,
            frame.index,
            frame.pts,
            frame.time_base,
            picture.layout.name,
            picture.colour,
            picture.width,
            picture.height,
            frame.arrived_at,
        )


class RingReader(_End):
    """Takes frames out of slots."""

    def take(self, slotted: Slotted) -> Frame:
        """A copy of a frame, its planes contiguous; the slot is free again."""
        layout = LAYOUTS[slotted.layout]
        dtype = np.dtype(layout.dtype)
        shapes = layout.plane_shapes(slotted.height, slotted.width)
        counts = [int(np.prod(shape)) for shape in shapes]
        samples = self._slots.slot(slotted.slot)[: sum(counts) * dtype.itemsize].copy()
        self._slots.taken[slotted.slot] = FREE
        planes = np.split(samples.view(dtype), np.cumsum(counts)[:-1])
        picture = Picture(
            tuple(plane.reshape(shape) for plane, shape in zip(planes, shapes, strict=True)),
            layout,
            slotted.colour,
        )
        return Frame(slotted.index, slotted.pts, slotted.time_base, picture, slotted.arrived_at)

    def skip(self, slotted: Slotted) -> None:
        """Hand a slot back without a look at it."""
        self._slots.taken[slotted.slot] = FREE


class Rings:
    """Takes frames out of whichever ring they lie in, attached to one at a time."""

    def __init__(self) -> None:
        """Attached to none yet."""
        self._reader: RingReader | None = None

    def take(self, ring: RingShape, slotted: Slotted) -> Frame:
        """As of `RingReader`."""
        return self._reader_of(ring).take(slotted)

    def skip(self, ring: RingShape, slotted: Slotted) -> None:
        """As of `RingReader`."""
        self._reader_of(ring).skip(slotted)

    def close(self) -> None:
        """Detach."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _reader_of(self, ring: RingShape) -> RingReader:
        if self._reader is None or self._reader.shape != ring:
            self.close()
            self._reader = RingReader(ring)
        return self._reader


def _attach(shape: RingShape) -> _Slots:
    # Before Python 3.13 this tells the resource tracker of the block a second time. The
    # tracker is the parent's own and keeps a set: the parent's unlink strikes it out.
    try:
        return _Slots(SharedMemory(shape.name), shape)
    except FileNotFoundError:
        raise SharedMemoryError(f"the ring {shape.name} is gone: its maker has ended") from None


def _check_room(size: int) -> None:
    """Refuse what Linux would grant, and answer with SIGBUS when it is written to."""
    if POSIX_FOLDER.is_dir() and shutil.disk_usage(POSIX_FOLDER).free < size:
        raise SharedMemoryError(
            f"{POSIX_FOLDER} has no room for {size >> 20} MiB of frames: "
            "make it larger (in Docker: --shm-size=1g)"
        )


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
