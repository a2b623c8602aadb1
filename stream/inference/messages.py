"""What goes through the pipe between the main process and the engine's."""

from dataclasses import dataclass

from nets.errors import DivergentError
from stream.child import Faulted, Said
from stream.inference.answer import Answer, EngineFacts
from stream.ring import RingShape, Slotted


@dataclass(frozen=True, slots=True)
class Request:
    """Frames to answer, each with its room; they lie in this ring."""

    ring: RingShape
    frames: tuple[tuple[str, Slotted], ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine runs."""

    facts: EngineFacts


@dataclass(frozen=True, slots=True)
class Refused:
    """The engine cannot be had, and a user can mend why."""

    problem: DivergentError


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to a request, and why there is none for other rooms."""

    answers: tuple[Answer, ...]
    problems: tuple[tuple[str, str], ...] = ()


Message = Said | Ready | Refused | Answered | Faulted
