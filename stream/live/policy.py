"""Whether a mask may stand on a picture, and what has to be said where it may not."""

from typing import NamedTuple

from nets.picture import Rect
from stream.health import State
from stream.inference import Answer
from stream.prediction import Mask

OFF = "AI OFF"

STEADY_S = 0.5
"""After masks were too old, they have to have been in time for so long before one is shown
again: an engine that is too slow by a little would make them flicker."""


class Found(NamedTuple):
    """An answer, and what of it may be shown."""

    answer: Answer
    mask: Mask


class Verdict(NamedTuple):
    """What stands on a picture.

    Attributes:
        found: what may be shown; None where nothing may.
        age_s: of the mask, from the arrival of its frame until now; None where there is none.
        notice: why there is no mask; empty where there is one.
    """

    found: Found | None
    age_s: float | None
    notice: str


class MaskPolicy:
    """Decides for one source, picture by picture, in the order in which they are shown."""

    def __init__(self, limit_s: float) -> None:
        """No mask was too old until now.

        Args:
            limit_s: the greatest age of a mask that is shown.
        """
        self._limit_s = limit_s
        self._late_until = float("-inf")

    def judge(
        self, found: Found | None, whole: Rect, *, state: State, engine: str, now: float
    ) -> Verdict:
        """What stands on a picture.

        Args:
            found: the newest answer, if there is one.
            whole: the picture.
            state: of the source.
            engine: what is being done to have an engine ("starting"); empty where it runs.
            now: monotonic seconds, when the picture is shown.
        """
        if state is not State.LIVE:
            return _off(str(state))
        if found is None or found.answer.frame != whole:
            return _off(engine or "no answer")
        age_s = now - found.answer.arrived_at
        if age_s > self._limit_s:
            self._late_until = now + STEADY_S
        if now < self._late_until:
            return _off(engine or "late")
        if not found.answer.settled:
            return _off("view moved")
        if not found.answer.visible:
            return _off("no view")
        return Verdict(found, age_s, "")


def _off(reason: str) -> Verdict:
    return Verdict(None, None, f"{OFF} - {reason}")
