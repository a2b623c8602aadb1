"""A recording's journey: every frame once, in order, count out = count in."""

from fractions import Fraction

import numpy as np
import pytest

from nets.engine import FixedEngine
from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.errors import BrokenOffError, SinkError
from stream.frame import Frame
from stream.offline import process
from stream.overlay import Overlay
from stream.sightings import SightingTracker
from stream.view import ViewFinder

COLOUR = Colour(Matrix.BT709, full_range=False)


def frame(index):
    """A grey frame of 64x48, a little brighter than the one before."""
    layout = LAYOUTS["yuv420p"]
    shapes = layout.plane_shapes(48, 64)
    planes = tuple(np.full(shape, 100 + index % 50, np.uint8) for shape in shapes)
    return Frame(index, index, Fraction(1, 25), Picture(planes, layout, COLOUR), 0.0)


class Tape:
    """A source of grey frames with a packet of sound before each."""

    def __init__(self, length, tears_at=None, broken_off=None):
        self.length, self.tears_at, self.broken_off = length, tears_at, broken_off
        self.packets = []

    def __iter__(self):
        for index in range(self.length):
            if index == self.tears_at:
                raise LookupError("the tape tore")
            self.packets.append(index)
            yield frame(index)
        self.packets.append("last")

    def take_packets(self):
        taken, self.packets = self.packets, []
        return taken


class Batches(FixedEngine):
    """The fixed engine, asked for several pictures at once."""

    def __init__(self, batch):
        super().__init__()
        self.batch, self.asked = batch, []

    def predict(self, pictures):
        self.asked.append(len(pictures))
        return super().predict(pictures)


class Keeper:
    """A sink that keeps what it gets, or fails at one frame."""

    def __init__(self, fails_at=None):
        self.seen, self.fails_at = [], fails_at

    def write(self, seen):
        if seen.frame.index == self.fails_at:
            raise SinkError("the disk is full")
        self.seen.append(seen)


def journey(source, engine=None, sink=None, **options):
    """Process a source into a sink; what came of it, the sink, and the packets passed on."""
    keeper, passed = sink or Keeper(), []
    outcome = process(
        source,
        engine or FixedEngine(),
        [keeper],
        finder=ViewFinder("full"),
        threshold=0.5,
        smallest=0.001,
        tracker=SightingTracker(),
        overlay=options.pop("overlay", Overlay("both")),
        pass_on=passed.append,
        **options,
    )
    return outcome, keeper, passed


@pytest.mark.parametrize("batch", [1, 4, 7])
def test_every_frame_goes_through_once_and_in_order(batch):
    engine = Batches(batch)
    outcome, keeper, passed = journey(Tape(30), engine)
    assert [seen.frame.index for seen in keeper.seen] == list(range(30))
    assert [seen.prediction.frame_index for seen in keeper.seen] == list(range(30))
    assert outcome.frames == outcome.with_polyp == 30
    assert sum(engine.asked) == 30
    assert max(engine.asked) == batch
    assert passed == [*range(30), "last"]
    assert outcome.broken_off is None


def test_progress_is_told_after_every_frame():
    told = []
    journey(Tape(15), progress=lambda seen: told.append((seen.frame.index, seen.sightings)))
    assert [index for index, _ in told] == list(range(15))
    assert (told[0][1], told[-1][1]) == (0, 1)  # it has stood for 0.4 s by then


def test_without_an_overlay_the_frames_go_through_as_they_came():
    _, keeper, _ = journey(Tape(3), overlay=None)
    assert all(seen.shown is seen.frame for seen in keeper.seen)


def test_the_mask_is_drawn_where_it_was_found():
    _, keeper, _ = journey(Tape(1))
    (seen,) = keeper.seen
    (region,) = seen.mask.regions
    changed = seen.shown.picture.planes[0] != seen.frame.picture.planes[0]
    rows, columns = np.nonzero(changed)
    assert rows.size
    assert region.x <= columns.min() <= columns.max() < region.x + region.width
    assert region.y <= rows.min() <= rows.max() < region.y + region.height
    assert Rect(0, 0, 64, 48) == seen.prediction.view


def test_a_sink_that_fails_ends_the_journey_with_its_own_error():
    sink = Keeper(fails_at=5)
    with pytest.raises(SinkError, match="the disk is full"):
        journey(Tape(200), sink=sink)
    assert [seen.frame.index for seen in sink.seen] == list(range(5))


def test_a_source_that_fails_ends_the_journey_with_its_own_error():
    with pytest.raises(LookupError, match="the tape tore"):
        journey(Tape(200, tears_at=20))


def test_an_engine_that_fails_ends_the_journey_with_its_own_error():
    class Broken(FixedEngine):
        def predict(self, pictures):
            raise MemoryError

    with pytest.raises(MemoryError):
        journey(Tape(10), Broken())


def test_a_recording_that_breaks_off_is_told_with_the_outcome():
    problem = BrokenOffError("breaks off")
    outcome, keeper, _ = journey(Tape(6, broken_off=problem))
    assert outcome.broken_off is problem
    assert outcome.frames == len(keeper.seen) == 6


def test_the_same_recording_gives_the_same_answers():
    first, second = (journey(Tape(12))[1].seen for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.mask.regions == other.mask.regions
        assert np.array_equal(one.shown.picture.planes[0], other.shown.picture.planes[0])
