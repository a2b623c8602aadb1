"""What an outlet and its process tell each other, beside the words of their own kind."""

from dataclasses import dataclass

from stream.ring import RingShape, Slotted


@dataclass(frozen=True, slots=True)
class Pictured:
    """A room's frame lies in this ring."""

    room: int
    ring: RingShape
    slotted: Slotted


@dataclass(frozen=True, slots=True)
class Beat:
    """Asks whether the process still works: it sends it back when it comes to it."""


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Nothing more comes: the process is to finish, soon, and to end."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The process wants frames of these rooms and of no others."""

    rooms: frozenset[int]
