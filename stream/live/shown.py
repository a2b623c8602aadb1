"""What a room shows, and who gets it."""

from dataclasses import dataclass
from typing import Protocol

from nets.picture import Rect
from stream.frame import Frame
from stream.health import State
from stream.prediction import Mask, Prediction


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame as it is shown; nothing of it is changed afterwards.

    Attributes:
        frame: as it came from the source.
        shown: with the mask, its age or the notice drawn on it.
        mask: what may stand on it, with no regions where nothing was found; None where no mask
            may be shown (AI OFF).
        prediction: what the mask was made from; None where there is no mask.
        mask_age_s: seconds from the arrival of the frame that the mask was made from to this
            showing; None where there is no mask.
        notice: what stands on the picture ("AI OFF ..."), empty for nothing.
        view: the endoscope's picture, as far as it is known.
        visible: whether there is an endoscope's picture.
        state: of the source.
        sightings: polyps seen until now.
        at: monotonic seconds.
    """

    frame: Frame
    shown: Frame
    mask: Mask | None
    prediction: Prediction | None
    mask_age_s: float | None
    notice: str
    view: Rect
    visible: bool
    state: State
    sightings: int
    at: float


class Branch(Protocol):
    """Where shown frames go: a window, a preview, a recorder."""

    def offer(self, shown: Shown) -> None:
        """Take a frame; returns at once, whatever is done with it."""
        ...
