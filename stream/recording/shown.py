"""What a room hands to its recorder."""

from typing import Protocol

from nets.picture import Rect
from stream.frame import Frame
from stream.prediction import Mask, Prediction


class ShownFrame(Protocol):
    """A frame as it was shown; nothing of it is changed afterwards."""

    @property
    def frame(self) -> Frame:
        """As it came from the source."""

    @property
    def shown(self) -> Frame:
        """With the mask and the notice drawn on it; `frame` itself where there is neither."""

    @property
    def mask(self) -> Mask | None:
        """What was drawn; None where no mask may be shown (AI OFF)."""

    @property
    def prediction(self) -> Prediction | None:
        """What the mask was made from; None where there is no mask."""

    @property
    def mask_age_s(self) -> float | None:
        """Seconds from the arrival of the frame that the mask was made from to this showing."""

    @property
    def notice(self) -> str:
        """What stands on the picture instead of a mask ("AI OFF ..."), empty for nothing."""

    @property
    def view(self) -> Rect:
        """The endoscope's picture, as far as it is known."""

    @property
    def visible(self) -> bool:
        """Whether there is an endoscope's picture."""
