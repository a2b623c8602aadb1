"""Frames, answers and events to drive a room with, and a branch that keeps what it gets."""

from fractions import Fraction

import numpy as np

from nets.engine import FixedEngine
from nets.picture import LAYOUTS, Colour, Matrix, Picture
from stream.frame import Frame
from stream.health import Event, State
from stream.inference import Answer, EngineFacts
from stream.prediction import Prediction

ELLIPSE = FixedEngine().predict([None])[0]
"""One polyp in the middle, as `fixed:` sees it."""

NOTHING = np.zeros_like(ELLIPSE)
SIZE = (320, 240)
FACTS = EngineFacts("fixed:", "", "no networks", (), 0.5, ("ellipse",), 0.01)


def frame(index, arrived_at, size=SIZE, layout="yuv420p"):
    """A grey frame."""
    kind = LAYOUTS[layout]
    shapes = kind.plane_shapes(size[1], size[0])
    planes = tuple(
        np.full(shape, 128 << (kind.bits - 8 + kind.shift), kind.dtype) for shape in shapes
    )
    picture = Picture(planes, kind, Colour(Matrix.BT709))
    return Frame(index, index, Fraction(1, 25), picture, arrived_at)


def answer_to(frame, *, room="room", probability=ELLIPSE, view=None, visible=True, settled=True):
    """The engine's answer to a frame."""
    whole = frame.picture.whole
    view = view or whole
    prediction = Prediction(frame.index, view, view, probability, frame.arrived_at, 0.01)
    return Answer(room, frame.arrived_at, whole, prediction, visible, settled, 1)


def event(state, at=0.0, *, segment=1, before=State.LIVE):
    """A change of the source."""
    return Event(at, State(state), before, "so it is", segment)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def pass_(self, seconds):
        """Let time pass."""
        self.now += seconds


class Keeper:
    """A branch that keeps what it gets."""

    def __init__(self):
        self.shown = []

    def offer(self, shown):
        self.shown.append(shown)

    @property
    def indices(self):
        return [each.frame.index for each in self.shown]

    @property
    def notices(self):
        return [each.notice for each in self.shown]
