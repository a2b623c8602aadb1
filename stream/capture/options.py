"""How a source is read and watched."""

from dataclasses import dataclass, field

from stream.health import Patience
from stream.source.asked import Asked


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """What is asked of a source, and how it is watched.

    Attributes:
        asked: of the source itself.
        ring_slots: frames that may be under way to the main process.
        patience: how long something lasts before it is called by its name.
        restarts: how often a source is opened again without a picture between; None: for ever.
    """

    asked: Asked = field(default_factory=Asked)
    ring_slots: int = 8
    patience: Patience = field(default_factory=Patience)
    restarts: int | None = None
