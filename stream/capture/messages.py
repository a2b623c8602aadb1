"""What the capture process and its parent tell each other, beside formats and packets."""

from dataclasses import dataclass
from typing import TypeAlias

from stream.ring import RingShape, Slotted
from stream.signal import Signal
from stream.source.arrival import CapturedPacket, GivenFormat


@dataclass(frozen=True, slots=True)
class Hello:
    """The process is there and waits for `Open`."""


@dataclass(frozen=True, slots=True)
class Pictured:
    """A frame lies in the ring, and looks like this."""

    slotted: Slotted
    signal: Signal


@dataclass(frozen=True, slots=True)
class Missed:
    """A frame arrived and could not be handed on."""

    index: int
    arrived_at: float
    signal: Signal
    cause: str


@dataclass(frozen=True, slots=True)
class NoInput:
    """The driver says that nothing is connected."""

    at: float


@dataclass(frozen=True, slots=True)
class Outgrown:
    """A frame needs slots of so many bytes; the process waits for a ring that has them."""

    slot_bytes: int


@dataclass(frozen=True, slots=True)
class Warned:
    """What was wrong with the source, counted since it was opened."""

    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Lost:
    """The source could not be opened or is gone.

    Attributes:
        reason: for people, without secrets.
        unusable: trying again does not help.
    """

    reason: str
    unusable: bool


@dataclass(frozen=True, slots=True)
class Over:
    """The source came to its end."""


Word: TypeAlias = (
    Hello
    | Pictured
    | Missed
    | NoInput
    | Outgrown
    | Warned
    | Lost
    | Over
    | GivenFormat
    | CapturedPacket
)
"""What the process says."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open the source.

    Attributes:
        frame: index of its first frame.
        packet: index of its first packet.
        segment: number of the segment before its first one.
        ring: where frames go; None before the first frame ever.
    """

    frame: int
    packet: int
    segment: int
    ring: RingShape | None


Order: TypeAlias = Open | RingShape
"""What its parent tells it: to open the source, to go on in another ring."""
