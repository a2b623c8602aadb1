"""What inference is asked for, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from nets.picture import Rect
from nets.preprocessing import Preprocessing
from stream.prediction import Prediction


@dataclass(frozen=True, slots=True)
class InferenceSettings:
    """What runs, and for whom. Goes to the engine's process.

    Attributes:
        weights: a bundle, checkpoints, or `fixed:`; the shipped ensemble if empty.
        device: auto, cpu, eager or cuda[:N].
        precision: auto, f32 or bf16.
        views: for each room where its endoscope's picture is: auto, full or x,y,width,height.
        pictures: how many come at a time at most.
        mode: what the engine is to be fast at.
        hang_s: an engine that does not answer for so long, and for ten of its own periods, is
            taken to hang.
    """

    weights: tuple[str, ...] = ()
    device: str = "auto"
    precision: str = "auto"
    views: Mapping[str, str] = field(default_factory=dict)
    pictures: int = 1
    mode: Literal["latency", "throughput"] = "latency"
    hang_s: float = 2.0


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What there is to know of an engine that runs elsewhere.

    Attributes:
        name, card, runs_on, contracts, threshold, members: as `nets.engine.Engine` has them.
        period_s: from frames to answers, measured at its start with as many pictures as may come.
    """

    name: str
    card: str
    runs_on: str
    contracts: tuple[Preprocessing, ...]
    threshold: float
    members: tuple[str, ...]
    period_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The ensemble's answer for one frame of one room.

    Attributes:
        room: whose frame it was.
        arrived_at: when that frame arrived, in monotonic seconds.
        frame: the whole of it; an answer fits no frame of another size.
        prediction: its probability map, with the view that it was made for.
        visible: whether there was an endoscope's picture to look at.
        settled: whether it is known where that picture is; False while it seems to have moved.
        batch: how many frames were answered together.
    """

    room: str
    arrived_at: float
    frame: Rect
    prediction: Prediction
    visible: bool
    settled: bool
    batch: int


Happening: TypeAlias = Literal["said", "ready", "lost", "refused"]
"""The engine says something, is ready, was lost and will be started again, or cannot be had."""


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something happened to the engine.

    Attributes:
        at: monotonic seconds.
        kind: what.
        line: for people.
    """

    at: float
    kind: Happening
    line: str
