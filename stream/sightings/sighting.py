"""A sighting, and `sightings.json`."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nets.picture import Rect
from stream.finishing import finished

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Sighting:
    """One polyp from the frame in which it was first seen to the one in which it was last seen.

    Attributes:
        number: from 1, in order of the first frame.
        first_index: frame from which it stood.
        first_seconds: media time of that frame.
        last_index: last frame in which it was seen.
        last_seconds: media time of that frame.
        frames: in how many frames it was seen.
        peak_index: frame with the largest area times confidence.
        peak_seconds: media time of that frame.
        box: around the polyp in that frame, in luma samples.
        area_fraction: share of the view that it covers in that frame.
        confidence: mean over its frames of the highest probability in its region.
        thumbnail: JPEG of the surroundings in that frame, without a mask.
        thumbnail_of: the part of that frame it shows, in luma samples.
        key: by which its tracker told of it frame by frame; means nothing outside.
    """

    number: int
    first_index: int
    first_seconds: float
    last_index: int
    last_seconds: float
    frames: int
    peak_index: int
    peak_seconds: float
    box: Rect
    area_fraction: float
    confidence: float
    thumbnail: bytes
    thumbnail_of: Rect
    key: int = field(default=0, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the thumbnail in base64."""
        return {
            "number": self.number,
            "first": {"index": self.first_index, "seconds": round(self.first_seconds, 6)},
            "last": {"index": self.last_index, "seconds": round(self.last_seconds, 6)},
            "frames": self.frames,
            "peak": {
                "index": self.peak_index,
                "seconds": round(self.peak_seconds, 6),
                "box": list(self.box),
                "area_fraction": round(self.area_fraction, 6),
            },
            "confidence": round(self.confidence, 4),
            "thumbnail": {
                "of": list(self.thumbnail_of),
                "jpeg_base64": base64.b64encode(self.thumbnail).decode("ascii"),
            },
        }


def write_sightings(
    path: Path,
    sightings: Sequence[Sighting],
    *,
    recording: str,
    settings: Mapping[str, Any],
    overwrite: bool = False,
) -> None:
    """Write `NAME.sightings.json`, whole or not at all.

    Args:
        path: of the file.
        sightings: in order.
        recording: name of the annotated recording beside it.
        settings: by which they were found, as plain values.
        overwrite: replace a file of this name.

    Raises:
        OutputExistsError: the file exists and may not be replaced.
        SinkError: it cannot be written.
    """
    values = {
        "format_version": FORMAT_VERSION,
        "recording": recording,
        "settings": dict(settings),
        "sightings": [sighting.as_dict() for sighting in sightings],
    }
    with finished(path, overwrite) as partial:
        partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
