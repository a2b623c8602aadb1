"""Where frames of all rooms are answered together, in the engine's process."""

import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nets.engine import Engine
from nets.errors import DivergentError
from nets.picture import LAYOUTS, Colour, Matrix, Picture
from nets.preprocessing import Prepared
from stream.frame import Frame
from stream.inference.answer import Answer, EngineFacts, InferenceSettings
from stream.inference.messages import Answered
from stream.offline import Looked, answers, look
from stream.view import ViewFinder

WARM_UP = 2
TIMED = 7
TIMING_S = 2.0
"""Timing an engine ends after so long, however few rounds that were."""

TIMED_SIZE = (1080, 1920)


class _Asked(NamedTuple):
    """One room's frame on its way to the engine."""

    room: str
    looked: Looked
    settled: bool
    prepared: Prepared


class Desk:
    """Finds each room's view, and asks the engine about all of them at once."""

    def __init__(self, engine: Engine, settings: InferenceSettings) -> None:
        self._engine = engine
        self._told: set[tuple[str, str]] = set()
        self._finders = {room: ViewFinder(view) for room, view in settings.views.items()}

    def answer(self, frames: Sequence[tuple[str, Frame]]) -> Answered:
        """Answers for frames, each with its room; a room may have several, in order.

        A frame that cannot be prepared is left out and does not disturb the others; the reason
        is told once.
        """
        asked: list[_Asked] = []
        problems: dict[str, str] = {}
        for room, frame in frames:
            try:
                asked.append(self._prepared(room, frame))
            except DivergentError as problem:
                problems[room] = str(problem)
            except Exception as fault:
                problems[room] = f"a picture cannot be prepared: {type(fault).__name__}: {fault}"
        told = tuple(problem for problem in problems.items() if problem not in self._told)
        self._told.update(told)
        if not asked:
            return Answered((), told)
        looked = [each.looked for each in asked]
        predictions = answers(
            self._engine,
            [each.frame for each in looked],
            [each.view for each in looked],
            [each.prepared for each in asked],
        )
        return Answered(
            tuple(
                Answer(
                    each.room,
                    each.looked.frame.arrived_at,
                    each.looked.frame.picture.whole,
                    prediction,
                    each.looked.visible,
                    each.settled,
                    len(asked),
                )
                for each, prediction in zip(asked, predictions, strict=True)
            ),
            told,
        )

    def _prepared(self, room: str, frame: Frame) -> _Asked:
        finder = self._finders[room]
        looked = look(frame, finder, redact=False)
        prepared = self._engine.prepare(frame.picture, looked.view)
        return _Asked(room, looked, finder.settled, prepared)


def facts_of(engine: Engine, pictures: int) -> EngineFacts:
    """What there is to know of an engine, its period measured with so many pictures at a time."""
    return EngineFacts(
        engine.name,
        engine.card,
        engine.runs_on,
        engine.contracts,
        engine.threshold,
        engine.members,
        measured_period(engine, pictures),
    )


def measured_period(engine: Engine, pictures: int) -> float:
    """Seconds that an engine takes from grey frames at 1080p to their answers, the median."""
    layout = LAYOUTS["yuv420p"]
    planes = tuple(np.full(shape, 128, np.uint8) for shape in layout.plane_shapes(*TIMED_SIZE))
    picture = Picture(planes, layout, Colour(Matrix.BT709))
    rounds: list[float] = []
    until = time.monotonic() + TIMING_S
    for number in range(WARM_UP + TIMED):
        began = time.monotonic()
        engine.predict([engine.prepare(picture, picture.whole) for _ in range(pictures)])
        rounds.append(time.monotonic() - began)
        if number >= WARM_UP and time.monotonic() > until:
            break
    return statistics.median(rounds[WARM_UP:])
