"""What is told of a recording's frames beside the pictures: table, sightings, the report's log."""

from pathlib import Path

import numpy as np

from nets.picture import Rect
from stream.frame import Frame
from stream.prediction import Mask
from stream.recording.options import RecordingOptions
from stream.recording.segments import Segment
from stream.recording.shown import ShownFrame
from stream.report import RecordingLog
from stream.sightings import Sighting, SightingTracker
from stream.sink.sidecar import FrameTable

COLUMNS = ("segment", "segment_seconds", "mask_age_s", "notice")
"""Of a live recording's table, behind the usual ones: the number of the segment's files, the
frame's time in them, the age of the mask on it, empty where it has none, and what stood on the
picture instead."""


class Findings:
    """Takes every recorded frame.

    Attributes:
        log: what the report has to know.
        table: of the frames.
    """

    def __init__(self, table: Path, options: RecordingOptions) -> None:
        """Open the table.

        Args:
            table: its final name.
            options: of the recording.

        Raises:
            SinkError: it cannot be written.
        """
        self.log = RecordingLog()
        self._tracker = SightingTracker(options.sightings)
        self.table = FrameTable(table, more=COLUMNS)

    def write(self, frame: Frame, seen: ShownFrame, segment: Segment) -> None:
        """Take the next frame.

        Args:
            frame: the clean one, at its time on the recording's clock.
            seen: as it was shown.
            segment: that it was recorded in.

        Raises:
            SinkError: the table cannot be written.
        """
        mask = seen.mask if seen.mask is not None else no_mask(seen.view)
        age = seen.mask_age_s if seen.mask is not None else None
        within = float(frame.seconds - segment.start * frame.time_base)
        self.table.write(
            frame,
            polyp_fraction=mask.fraction,
            boxes=mask.regions,
            highest_probability=mask.peak,
            view=seen.view if seen.visible else None,
            more=(
                str(segment.number),
                f"{within:.6f}",
                "" if age is None else f"{age:.3f}",
                seen.notice,
            ),
        )
        self.log.update(frame, seen.view, polyp_fraction=mask.fraction, visible=seen.visible)
        self._tracker.update(frame, mask)

    def sightings(self) -> list[Sighting]:
        """The polyps that were seen, when the last frame has come."""
        return self._tracker.finish()


def no_mask(view: Rect) -> Mask:
    """What a frame has on which no mask may be shown."""
    nothing = Rect(view.x, view.y, 0, 0)
    return Mask(view, nothing, np.zeros((0, 0), np.uint8), (), (), (), 0.0)
