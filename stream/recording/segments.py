"""A recording's segments: when the next one begins, and what its files are called."""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from stream.recording.options import RecordingOptions

SUFFIX = ".mp4"

CUT_BEFORE_S = 2.0
"""A segment bounded in size ends so long before it is full: a copied stream has to wait for
its next keyframe, and the finished file has an index."""


@dataclass(slots=True)
class SegmentFile:
    """One file of a segment.

    Attributes:
        path: its final name.
        start: ticks of its first picture on the recording's clock.
        pictures: how many it has.
        how: where its pictures come from, in words.
    """

    path: Path
    start: int
    pictures: int
    how: str


@dataclass(slots=True)
class Segment:
    """Files that begin together and share one zero.

    Attributes:
        number: from 1.
        start: ticks on the recording's clock at which all its files count 0.
        reason: why it began, in words.
        began: local time.
        files: by kind (annotated, clean, masks), those that have begun.
    """

    number: int
    start: int
    reason: str
    began: datetime
    files: dict[str, SegmentFile] = field(default_factory=dict)


class Segments:
    """Decides when a segment ends; knows them all.

    Attributes:
        unit: seconds per tick of the recording's clock.
        all: those that have begun, in order.
    """

    def __init__(self, base: Path, options: RecordingOptions, unit: Fraction) -> None:
        """None has begun.

        Args:
            base: folder and name of the recording, without a suffix.
            options: with the limits of a segment.
            unit: seconds per tick of the recording's clock.
        """
        self.unit = unit
        self._base, self._options = base, options
        self.all: list[Segment] = []
        self._wanted: str | None = "the recording began"
        self._at_once = True

    @property
    def current(self) -> Segment | None:
        """The newest one."""
        return self.all[-1] if self.all else None

    def path(self, segment: Segment, kind: str) -> Path:
        """Name of a segment's file: `NAME-001.annotated.mp4`."""
        return self._base.with_name(f"{self._base.name}-{segment.number:03d}.{kind}{SUFFIX}")

    def want(self, reason: str, *, at_once: bool) -> None:
        """Ask for the next segment.

        Args:
            reason: in words.
            at_once: with the next picture; else with the next one that can begin a file of
                every kind, which for packets is a keyframe.
        """
        self._wanted = self._wanted or reason
        self._at_once = self._at_once or at_once

    def is_wanted(self, *, at_once: bool) -> bool:
        """Whether a segment shall begin, or shall begin with the very next picture."""
        return self._at_once if at_once else self._wanted is not None

    def consider(self, ticks: int, largest: int) -> None:
        """Let the next segment begin if the current one is long or large enough.

        Args:
            ticks: where the recording is.
            largest: bytes of the current segment's largest file.
        """
        segment, options = self.current, self._options
        if segment is None:
            return
        seconds = float((ticks - segment.start) * self.unit)
        if options.segment_s is not None and seconds >= options.segment_s:
            self.want(f"{options.segment_s:g} s were over", at_once=False)
        ahead = largest * CUT_BEFORE_S / max(seconds, CUT_BEFORE_S)
        if options.segment_bytes is not None and largest + ahead >= options.segment_bytes:
            self.want(f"{options.segment_bytes / 1e6:g} MB were reached", at_once=False)

    def begin(self, ticks: int) -> Segment:
        """Begin the segment that is wanted."""
        assert self._wanted is not None
        segment = Segment(len(self.all) + 1, ticks, self._wanted, datetime.now().astimezone())
        self.all.append(segment)
        self._wanted, self._at_once = None, False
        return segment

    def at(self, ticks: int) -> Segment | None:
        """The segment that a picture belongs to; None where it lies before all of them."""
        return next((each for each in reversed(self.all) if each.start <= ticks), None)
