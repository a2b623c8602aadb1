"""Where frames of all rooms are answered together, in the engine's process."""

import statistics
import time
from collections.abc import Sequence

import numpy as np

from nets.engine import Engine
from nets.errors import DivergentError
from nets.picture import LAYOUTS, Colour, Matrix, Picture
from stream.frame import Frame
from stream.inference.answer import Answer, EngineFacts, InferenceSettings
from stream.inference.messages import Answered
from stream.offline import Looked, look, predict
from stream.view import ViewFinder

WARM_UP = 2
TIMED = 7
TIMING_S = 2.0
"""Timing an engine ends after so long, however few rounds that were."""

TIMED_SIZE = (1080, 1920)


class Desk:
    """Finds each room's view, and asks the engine about all of them at once."""

    def __init__(self, engine: Engine, settings: InferenceSettings) -> None:
        self._engine = engine
        self._told: set[tuple[str, str]] = set()
        self._finders = {room: ViewFinder(view) for room, view in settings.views.items()}

    def answer(self, frames: Sequence[tuple[str, Frame]]) -> Answered:
        """Answers for frames, each with its room; a room may have several, in order.

        A frame in which no view can be taken is left out and does not disturb the others; the
        reason is told once.
        """
        asked: list[tuple[str, Looked, bool]] = []
        problems: dict[str, str] = {}
        for room, frame in frames:
            finder = self._finders[room]
            try:
                looked = look(frame, finder, redact=False)
            except DivergentError as problem:
                problems[room] = str(problem)
            else:
                asked.append((room, looked, finder.settled))
        told = tuple(problem for problem in problems.items() if problem not in self._told)
        self._told.update(told)
        if not asked:
            return Answered((), told)
        predictions = predict(
            self._engine, [it.frame for _, it, _ in asked], [it.view for _, it, _ in asked]
        )
        answers = tuple(
            Answer(
                room,
                looked.frame.arrived_at,
                looked.frame.picture.whole,
                prediction,
                looked.visible,
                settled,
                len(asked),
            )
            for (room, looked, settled), prediction in zip(asked, predictions, strict=True)
        )
        return Answered(answers, told)


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
