"""What goes through the pipe between the main process and a window's."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from stream.child import Faulted, Said
from stream.live.window.actions import Action
from stream.ring import RingShape, Slotted


@dataclass(frozen=True, slots=True)
class Place:
    """Where a window opens. Goes to its process.

    Attributes:
        title: of the window, different for each.
        monitor: that it fills, counted from 1; None: an ordinary window.
    """

    title: str
    monitor: int | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """What stands in the window beside the picture, in words.

    Attributes:
        recording: that it is recorded, for how long, and for which case; empty where it is not.
        alarm: what has to be seen until it is over.
        news: what was just done.
        held: the picture stands still because somebody wants it to.
        label: of the case, for whoever changes it.
    """

    recording: str = ""
    alarm: str = ""
    news: str = ""
    held: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture to show.

    Attributes:
        ring: where it lies.
        slotted: the rest of it.
        aspect: width of a sample divided by its height.
        sign: what stands beside it.
    """

    ring: RingShape
    slotted: Slotted
    aspect: Fraction
    sign: Sign


Order: TypeAlias = Shot | Sign


@dataclass(frozen=True, slots=True)
class Opened:
    """The window is there."""


@dataclass(frozen=True, slots=True)
class Refused:
    """There can be no window, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """A picture is no longer under way.

    Attributes:
        arrived_at: when it had arrived, in monotonic seconds.
        painted_at: when it was on the screen; None where a newer one was shown instead.
    """

    arrived_at: float
    painted_at: float | None


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody wants something."""

    action: Action


@dataclass(frozen=True, slots=True)
class Labelled:
    """Somebody wrote a case's label."""

    label: str


@dataclass(frozen=True, slots=True)
class Closed:
    """Somebody closed the window."""


Word: TypeAlias = Opened | Refused | Said | Done | Pressed | Labelled | Closed | Faulted
