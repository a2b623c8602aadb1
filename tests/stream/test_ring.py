"""Frames through shared memory: the same samples, the slot handed back, nothing left behind."""

import subprocess
import sys
import threading
import time
from fractions import Fraction
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture
from stream.errors import SharedMemoryError
from stream.frame import Frame
from stream.ring import Ring, RingReader, RingShape, RingWriter, bytes_of

PATIENCE_S = 60
"""For a child to start on a machine that is busy with other things."""


def frame_of(index: int, layout: str = "yuv420p", size: tuple[int, int] = (50, 38)) -> Frame:
    """A frame of noise whose planes are padded, as a decoder's are."""
    noise = np.random.default_rng(index)
    kind = LAYOUTS[layout]
    planes = []
    for shape in kind.plane_shapes(size[1], size[0]):
        padded = noise.integers(0, 1 << kind.bits, (shape[0], shape[1] + 13, *shape[2:]))
        planes.append(padded.astype(kind.dtype)[:, : shape[1]] << kind.shift)
    picture = Picture(tuple(planes), kind, Colour(Matrix.BT709, full_range=index % 2 == 1))
    return Frame(index, 1001 * index, Fraction(1, 30000), picture, time.monotonic())


def same(one: Frame, other: Frame) -> bool:
    planes = zip(one.picture.planes, other.picture.planes, strict=True)
    facts = ("index", "pts", "time_base", "arrived_at")
    return (
        all(getattr(one, fact) == getattr(other, fact) for fact in facts)
        and (one.picture.layout, one.picture.colour) == (other.picture.layout, other.picture.colour)
        and all(np.array_equal(a, b) for a, b in planes)
    )


def write_frames(shape: RingShape, connection: "Connection[object, object]") -> None:
    """A child: writes three frames, the last into a larger ring that it is given on the way."""
    with RingWriter(shape) as writer:
        for index in (0, 1):
            connection.send(writer.put(frame_of(index)))
    connection.send("outgrown")
    with RingWriter(connection.recv()) as writer:
        connection.send(writer.put(frame_of(2, size=(200, 150))))
        connection.recv()


def read_frames(shape: RingShape, connection: "Connection[object, object]") -> None:
    """A child: says what it read."""
    with RingReader(shape) as reader:
        while (slotted := connection.recv()) is not None:
            connection.send(same(reader.take(slotted), frame_of(slotted.index)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_comes_out_as_it_went_in(layout: str):
    frame = frame_of(1, layout, size=(51, 37))
    with Ring(1, bytes_of(frame.picture)) as ring:
        out = RingReader(ring).take(RingWriter(ring).put(frame))
        assert same(out, frame)
        assert all(plane.flags.c_contiguous for plane in out.picture.planes)


def test_a_full_ring_takes_nothing_until_a_slot_is_handed_back():
    with Ring(2, 10_000) as ring:
        writer, reader = RingWriter(ring), RingReader(ring)
        first, second = writer.put(frame_of(0)), writer.put(frame_of(1))
        assert writer.put(frame_of(2)) is None
        reader.skip(first)
        third = writer.put(frame_of(3))
        assert [reader.take(slotted).index for slotted in (second, third)] == [1, 3]


def test_a_frame_waits_for_a_slot_as_long_as_it_may():
    with Ring(1, 10_000) as ring:
        writer, reader = RingWriter(ring), RingReader(ring)
        first = writer.put(frame_of(0))
        began = time.monotonic()
        assert writer.put(frame_of(1), began + 0.05) is None
        assert 0.05 <= time.monotonic() - began < 0.05 + PATIENCE_S
        hand_back = threading.Timer(0.05, reader.skip, (first,))
        hand_back.start()
        second = writer.put(frame_of(1), time.monotonic() + PATIENCE_S)
        hand_back.join()
        assert reader.take(second).index == 1


def test_what_was_copied_out_stays_when_its_slot_is_used_again():
    with Ring(1, 10_000) as ring:
        writer, reader = RingWriter(ring), RingReader(ring)
        first = frame_of(0)
        out = reader.take(writer.put(first))
        reader.take(writer.put(frame_of(1)))
        assert same(out, first)


def test_slots_of_a_child_that_was_killed_are_freed():
    with Ring(1, 10_000) as ring:
        writer = RingWriter(ring)
        writer.put(frame_of(0))
        ring.clear()
        assert writer.put(frame_of(1)) is not None


def test_a_child_writes_and_a_larger_ring_follows_one_that_is_outgrown():
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    small, large = Ring(2, 10_000), Ring(2, 100_000)
    try:
        assert not small.shape.fits(frame_of(2, size=(200, 150)).picture)
        child = context.Process(target=write_frames, args=(small.shape, theirs), daemon=True)
        child.start()
        theirs.close()
        read = [RingReader(small).take(ours.recv()) for _ in range(2)]
        assert ours.recv() == "outgrown"
        ours.send(large.shape)
        read.append(RingReader(large).take(ours.recv()))
        ours.send("end")
        child.join(PATIENCE_S)
    finally:
        small.close()
        large.close()
    assert [frame.index for frame in read] == [0, 1, 2]
    assert np.array_equal(read[2].picture.planes[0], frame_of(2, size=(200, 150)).picture.planes[0])


def test_a_child_reads():
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    with Ring(2, 10_000) as ring:
        child = context.Process(target=read_frames, args=(ring.shape, theirs), daemon=True)
        child.start()
        theirs.close()
        writer = RingWriter(ring)
        for index in range(3):
            slotted = writer.put(frame_of(index))
            assert slotted is not None
            ours.send(slotted)
            assert ours.poll(PATIENCE_S)
            ours.recv()
        ours.send(None)
        child.join(PATIENCE_S)
        assert child.exitcode == 0


def test_a_ring_that_is_gone_cannot_be_attached_to():
    ring = Ring(1, 1_000)
    ring.close()
    with pytest.raises(SharedMemoryError, match="is gone"):
        RingWriter(ring.shape)


def test_a_ring_larger_than_the_shared_memory_is_refused():
    with pytest.raises(SharedMemoryError):
        Ring(1, 1 << 50)


LEAVES_NOTHING = """
from multiprocessing import get_context
from tests.stream.test_ring import write_frames
from stream.ring import Ring

if __name__ == "__main__":
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    with Ring(2, 10_000) as ring:
        child = context.Process(target=write_frames, args=(ring.shape, theirs), daemon=True)
        child.start()
        theirs.close()
        ours.recv()
        child.kill()
        child.join()
    print(ring.shape.name)
"""


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no /dev/shm to look into")
def test_a_killed_child_leaves_no_memory_and_no_warning():
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LEAVES_NOTHING],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert done.stderr == ""
    assert not Path("/dev/shm", done.stdout.strip()).exists()
