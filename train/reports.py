"""What a training tells while it runs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What one epoch came to.

    Attributes:
        epoch: from 1.
        epochs: how many are wanted.
        loss: mean over the training steps.
        iou: mean of per-image IoU of the polyp class on validation, at the network's size.
        dice: the same for Dice.
        images_per_s: trained, validation aside.
        waited: share of the training time spent waiting for samples, in [0, 1].
        learning_rate: at the epoch's end.
        best: whether this is the best epoch so far.
    """

    epoch: int
    epochs: int
    loss: float
    iou: float
    dice: float
    images_per_s: float
    waited: float
    learning_rate: float
    best: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StepReport:
    """Where an epoch stands.

    Attributes:
        epoch: from 1.
        epochs: how many are wanted.
        step: steps done in this epoch.
        steps: of an epoch.
        loss: mean over the epoch so far.
        images_per_s: trained in this epoch so far.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    images_per_s: float


def _silent(report: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Whom to tell; both are called on the main thread."""

    step: Callable[[StepReport], None] = _silent
    epoch: Callable[[EpochReport], None] = _silent
