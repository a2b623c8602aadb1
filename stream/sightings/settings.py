"""When masks are a sighting, all of it in seconds of media time and shares of the view."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SightingSettings:
    """When a sighting begins, what it lives through, and when it ends.

    A region is as sure as the highest probability in it. It begins a sighting when it is
    sure and large enough for a while; once begun, less is enough to keep it. The defaults
    were chosen with the compact ensemble on the synthetic scene and on two real clips
    (docs/sightings.md).

    Attributes:
        on_confidence: a region may begin a sighting from here on. Above the usual threshold
            of 0.5, where specular highlights and folds flicker.
        on_area: the same for its share of the view: a polyp of 5 mm seen from 5 cm has more.
        on_for_s: a sighting begins once such a region has stood for so long; frames without
            it count against it. Two frames at least, whatever the rate. A sighting's first
            frame is the one from which the region stood, not the one at which that was sure.
        off_confidence: a region below it keeps nothing alive; no effect below the masks'
            own threshold.
        gap_s: a sighting lives through so long a time unseen: a fold, a flush, a blurred turn.
        overlap: of the smaller of two regions, the share that the other must cover for both
            to be the same polyp.
        drift: how far an unseen polyp may move in a second, as a share of the view's sides.
    """

    on_confidence: Share = 0.7
    on_area: Share = 0.003
    on_for_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.32
    off_confidence: Share = 0.5
    gap_s: Seconds = 1.0
    overlap: Annotated[float, Field(gt=0, le=1)] = 0.3
    drift: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.25

    def __post_init__(self) -> None:
        if self.off_confidence > self.on_confidence:
            raise ValueError("off_confidence is above on_confidence: no sighting could last")
