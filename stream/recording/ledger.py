"""What became of every captured frame: it is in the file, or it is lost and the ledger says why."""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from stream.stats import Rate

NOT_RECEIVED = "dropped before the recorder"
"""The capture's own count says more: its frames' numbers skip these."""

GAP_S = 1.0
"""A longer time between two recorded frames is a gap even if no frame is missing; gaps with
less between them are told as one."""

MOST_GAPS = 2000
"""So many are told one by one; further ones make the last one longer."""


@dataclass(slots=True)
class Gap:
    """A stretch of the recording in which frames are missing, or none arrived.

    Attributes:
        start: seconds of the last frame before it, on the recording's clock.
        end: seconds of the first frame behind it; of the recording's end, if none is.
        lost: frames that are missing, by reason.
    """

    start: float
    end: float
    lost: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Run:
    """Frames next to each other that were lost for one reason."""

    first: int
    last: int
    reason: str


class Ledger:
    """Counts one recording's frames; safe to use from several threads.

    Attributes:
        recorded: frames that are in the files.
        rate: of the frames recorded.
    """

    def __init__(self) -> None:
        self.recorded = 0
        self.rate = Rate()
        self._first: int | None = None
        self._newest = -1
        self._losses: Counter[str] = Counter()
        self._unpassed: deque[_Run] = deque()
        self._gaps: list[Gap] = []
        self._seconds = 0.0
        self._lock = threading.Lock()

    @property
    def captured(self) -> int:
        """Frames from the first that was offered to the newest."""
        with self._lock:
            return 0 if self._first is None else self._newest - self._first + 1

    @property
    def losses(self) -> Mapping[str, int]:
        """Frames that are not in the files, by reason."""
        with self._lock:
            return dict(self._losses)

    @property
    def gaps(self) -> list[Gap]:
        """Where something is missing, in order of time."""
        with self._lock:
            return list(self._gaps)

    def offered(self, index: int) -> None:
        """A frame came to the recorder; those that its number skips are lost."""
        with self._lock:
            if self._first is None:
                self._first = index
            elif index > self._newest + 1:
                self._lose(self._newest + 1, index - 1, NOT_RECEIVED)
            self._newest = index

    def lose(self, index: int, reason: str) -> None:
        """A frame that was offered will not be in the files."""
        with self._lock:
            self._lose(index, index, reason)

    def record(self, index: int, seconds: float, now: float) -> None:
        """A frame is in the files, later than all before it.

        Args:
            index: of the frame.
            seconds: its time on the recording's clock.
            now: monotonic seconds.
        """
        self.rate.tick(now)
        with self._lock:
            if self.recorded or self._unpassed:
                self._note_gap(seconds, index)
            self.recorded += 1
            self._seconds = seconds

    def in_words(self) -> str:
        """What became of the frames: the sum, and why what is missing is."""
        losses = self.losses
        lost = f"{sum(losses.values())} lost"
        reasons = ", ".join(f"{count} {reason}" for reason, count in losses.items())
        return (
            f"{self.captured} frames captured = {self.recorded} recorded + {lost}"
            f"{f' ({reasons})' if reasons else ''}"
        )

    def close(self) -> None:
        """Nothing more comes: what is missing at the end is a gap too."""
        with self._lock:
            self._note_gap(self._seconds, self._newest + 1)

    def take_back(self, frames: int, reason: str) -> None:
        """So many of the last recorded frames did not reach the disk after all."""
        with self._lock:
            self.recorded -= frames
            self._losses[reason] += frames
            if frames:
                self._gaps.append(Gap(self._seconds, self._seconds, Counter({reason: frames})))

    def _lose(self, first: int, last: int, reason: str) -> None:
        self._losses[reason] += last - first + 1
        run = self._unpassed[-1] if self._unpassed else None
        if run is not None and run.reason == reason and run.last + 1 == first:
            run.last = last
        else:
            self._unpassed.append(_Run(first, last, reason))

    def _note_gap(self, seconds: float, index: int) -> None:
        """Tell of what is missing between the last recorded frame and this one."""
        lost: Counter[str] = Counter()
        while self._unpassed and self._unpassed[0].first < index:
            run = self._unpassed.popleft()
            lost[run.reason] += run.last - run.first + 1
        if not lost and seconds - self._seconds <= GAP_S:
            return
        last = self._gaps[-1] if self._gaps else None
        if last and (self._seconds - last.end <= GAP_S or len(self._gaps) >= MOST_GAPS):
            last.end = seconds
            last.lost += lost
        else:
            self._gaps.append(Gap(self._seconds, seconds, lost))
