"""Follows polyps frame by frame; what it keeps does not grow with the recording's frames."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from nets.picture import Rect
from stream.frame import Frame
from stream.prediction import Mask
from stream.sightings.matching import Box, Known, match
from stream.sightings.peak import Peak, peak_of
from stream.sightings.settings import SightingSettings
from stream.sightings.sighting import Sighting

TOLERANCE_S = 1e-6
"""Sums of frames' durations are this much off at most: 5 frames of 0.04 s are 0.2 s."""

SAME_STEP = 1.5
"""A time from frame to frame up to so many times the one before is nothing unusual."""

Followed: TypeAlias = dict[int, tuple[int, ...]]
"""By the keys of polyps: which of a mask's regions each of them is."""


@dataclass(slots=True)
class _Seen:
    """What one frame shows of one polyp: a region, or several that are fragments of it.

    `regions` are their places among the mask's.
    """

    box: Box
    region: Rect
    area: float
    confidence: float
    regions: tuple[int, ...]

    def join(self, other: "_Seen") -> None:
        """Take a fragment in."""
        left, top = min(self.region.x, other.region.x), min(self.region.y, other.region.y)
        right = max(self.region.x + self.region.width, other.region.x + other.region.width)
        bottom = max(self.region.y + self.region.height, other.region.y + other.region.height)
        self.region = Rect(left, top, right - left, bottom - top)
        self.box = self.box.joined(other.box)
        self.area += other.area
        self.confidence = max(self.confidence, other.confidence)
        self.regions += other.regions


@dataclass(slots=True)
class _Polyp:
    """A polyp that is followed, or may become one.

    Attributes:
        key: its own among all that this tracker follows.
        first: index and seconds of the frame from which it stood.
        last: index and seconds of the frame in which it was last seen.
        box: where that was.
        stood_s: how long it has been sure and large, less how long it was not.
        begun: it has stood long enough.
        frames: in how many frames it was seen.
        confidences: their sum.
        peak: its best moment.
    """

    key: int
    first: tuple[int, float]
    last: tuple[int, float]
    box: Box
    stood_s: float
    begun: bool
    frames: int
    confidences: float
    peak: Peak

    def sighting(self) -> Sighting:
        """The whole of it, not numbered yet."""
        return Sighting(
            number=0,
            first_index=self.first[0],
            first_seconds=self.first[1],
            last_index=self.last[0],
            last_seconds=self.last[1],
            frames=self.frames,
            peak_index=self.peak.index,
            peak_seconds=self.peak.seconds,
            box=self.peak.box,
            area_fraction=self.peak.area,
            confidence=self.confidences / self.frames,
            thumbnail=self.peak.jpeg(),
            thumbnail_of=self.peak.shown,
            key=self.key,
        )


class SightingTracker:
    """Makes sightings of masks, given frame by frame in order of time.

    It keeps what is followed now and the sightings that have ended, and no frames.

    Attributes:
        begun: how many sightings have begun until now.
    """

    def __init__(self, settings: SightingSettings | None = None, *, keep: bool = True) -> None:
        """Nothing is followed yet.

        Args:
            settings: what a sighting is.
            keep: those that have ended, for `finish`; whoever only counts them all day does not.
        """
        self._keep = keep
        self._settings = settings if settings is not None else SightingSettings()
        self._polyps: list[_Polyp] = []
        self._ended: list[Sighting] = []
        self._seconds: float | None = None
        self._step = 0.0
        self._keys = 0
        self.begun = 0

    @property
    def open(self) -> int:
        """How many sightings are going on."""
        return sum(polyp.begun for polyp in self._polyps)

    def update(self, frame: Frame, mask: Mask) -> Followed:
        """Take the next frame and its mask.

        Returns:
            What in that mask is which polyp. Whether a polyp is a sighting shows later: then
            the sighting has its key.
        """
        seconds = float(frame.seconds)
        self._end_lost(seconds)
        self._step = seconds - self._seconds if self._seconds is not None else 0.0
        self._seconds = seconds
        # One frame alone, be it as long as it may, is no sighting.
        passed = min(self._step, self._settings.on_for_s / 2)
        if not self._polyps and not mask.regions:
            return {}
        seen = self._identified(mask, seconds)
        followed: Followed = {}
        for number, polyp in enumerate(self._polyps):
            found = seen.pop(number, None)
            self._follow(polyp, found, frame, mask, passed)
            if found is not None:
                followed[polyp.key] = found.regions
        self._polyps = [polyp for polyp in self._polyps if polyp.begun or polyp.stood_s > 0]
        for found in seen.values():
            if self._is_sure(found):
                polyp = self._new(found, frame, mask, passed)
                followed[polyp.key] = found.regions
                self._polyps.append(polyp)
        return followed

    def finish(self) -> list[Sighting]:
        """End what is going on; all sightings, numbered in order of their first frame."""
        for polyp in self._polyps:
            self._end(polyp)
        self._polyps = []
        in_order = sorted(self._ended, key=lambda sighting: (sighting.first_index, sighting.box))
        return [replace(sighting, number=number) for number, sighting in enumerate(in_order, 1)]

    def _end_lost(self, seconds: float) -> None:
        """End what has been unseen for too long."""
        # Where frames are rarer than gaps are long, two that follow each other are no gap.
        gap = max(self._settings.gap_s, SAME_STEP * self._step)
        earliest = seconds - gap - TOLERANCE_S
        for polyp in self._polyps:
            if polyp.last[1] < earliest:
                self._end(polyp)
        self._polyps = [polyp for polyp in self._polyps if polyp.last[1] >= earliest]

    def _end(self, polyp: _Polyp) -> None:
        if polyp.begun and self._keep:
            self._ended.append(polyp.sighting())

    def _identified(self, mask: Mask, seconds: float) -> dict[int, _Seen]:
        """What a frame shows of each polyp by its place, and behind those what is new."""
        seen = [
            _Seen(Box.of(region, mask.view), region, size / mask.view.area, peak, (place,))
            for place, (region, size, peak) in enumerate(
                zip(mask.regions, mask.sizes, mask.peaks, strict=True)
            )
            if peak >= self._settings.off_confidence
        ]
        known = [
            Known(polyp.box, self._settings.drift * (seconds - polyp.last[1]))
            for polyp in self._polyps
        ]
        polyps = match(known, [found.box for found in seen], self._settings.overlap)
        identified: dict[int, _Seen] = {}
        for number, (polyp, found) in enumerate(zip(polyps, seen, strict=True), len(known)):
            place = number if polyp is None else polyp
            if place in identified:
                identified[place].join(found)
            else:
                identified[place] = found
        return identified

    def _is_sure(self, found: _Seen) -> bool:
        settings = self._settings
        return found.confidence >= settings.on_confidence and found.area >= settings.on_area

    def _follow(
        self, polyp: _Polyp, found: _Seen | None, frame: Frame, mask: Mask, passed: float
    ) -> None:
        """Bring a polyp up to a frame in which it is seen, or not."""
        sure = found is not None and self._is_sure(found)
        polyp.stood_s += passed if sure else -passed
        if not polyp.begun and polyp.stood_s >= self._settings.on_for_s - TOLERANCE_S:
            polyp.begun = True
            self.begun += 1
        if found is None:
            return
        polyp.last, polyp.box = (frame.index, float(frame.seconds)), found.box
        polyp.frames += 1
        polyp.confidences += found.confidence
        if found.area * found.confidence > polyp.peak.score:
            polyp.peak = peak_of(frame, found.region, mask.view, found.area, found.confidence)

    def _new(self, found: _Seen, frame: Frame, mask: Mask, passed: float) -> _Polyp:
        """A polyp that is seen for the first time."""
        now = frame.index, float(frame.seconds)
        peak = peak_of(frame, found.region, mask.view, found.area, found.confidence)
        self._keys += 1
        return _Polyp(self._keys, now, now, found.box, passed, False, 1, found.confidence, peak)
