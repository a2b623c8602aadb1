"""From an engine's answer to what of it may be shown, and to sightings."""

from dataclasses import replace
from fractions import Fraction

from stream.frame import Frame
from stream.inference import Answer
from stream.live.persistence import Persistence
from stream.live.policy import Found
from stream.live.settings import LiveSettings
from stream.prediction import find_mask
from stream.sightings import SightingTracker

MICROSECOND = Fraction(1, 1_000_000)


class Finding:
    """What is found in one source's frames, answer by answer.

    Attributes:
        threshold: of a sample's probability; None until it is known. May be set at any time.
        sightings: polyps seen until now.
    """

    def __init__(self, settings: LiveSettings) -> None:
        self.threshold = settings.threshold
        self._smallest = settings.min_area
        self._persistence = Persistence(settings.persistence_s)
        self._tracker = SightingTracker(settings.sightings, keep=False)

    @property
    def sightings(self) -> int:
        """Polyps seen until now."""
        return self._tracker.begun

    def update(self, answer: Answer, frame: Frame) -> Found:
        """What may be shown of the next answer.

        Args:
            answer: from the engine.
            frame: the one that it was asked about.
        """
        trusted = answer.visible and answer.settled
        threshold = self.threshold if trusted and self.threshold is not None else 1.0
        mask = find_mask(answer.prediction, threshold, self._smallest)
        # A source's own times begin anew when it is connected again; arrivals do not.
        arrived = replace(frame, pts=round(frame.arrived_at / MICROSECOND), time_base=MICROSECOND)
        self._tracker.update(arrived, mask)
        return Found(answer, self._persistence.update(mask, answer.arrived_at))
