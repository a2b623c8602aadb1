"""Presentation times that always go forward, and stay the source's wherever they do."""

from fractions import Fraction

from stream.tally import Tally

NO_TIME = "a frame had no time: it follows the one before by one frame's duration"
REPEATED = "a frame's time did not go forward: it follows the one before by one unit of time"
JUMPED_BACK = "times jumped back: what follows is set behind what came before"
LEAPT_AHEAD = "a frame's time leapt ahead of those around it: it is set between them"
TOO_FAR = "times leapt ahead by more than a recording can hold: what follows is set behind"

JUMP_SECONDS = 1
"""From here on a step back is a new beginning; below it is a few frames out of order."""

LONGEST = 2**31 - 2**20
"""Units of time between two frames: an mp4 counts them in 31 bits, and B-frames need some."""


class TimeLine:
    """Places frames in time, each later than the one before.

    A time that goes forward is kept as it is. A missing one follows the frame before by
    one frame's duration. One that repeats or steps back a little is moved to one unit
    behind the frame before, so that all around it keep theirs. One that jumps back by a
    second or more begins anew behind what came before, until times fit again. One that leaps
    ahead by a second or more is believed unless the frame behind it comes back, or it is
    further than any recording can hold.
    """

    def __init__(self, time_base: Fraction, rate: Fraction, warnings: Tally) -> None:
        """Start before the first frame.

        Args:
            time_base: seconds per unit of time.
            rate: average frames per second.
            warnings: counts every time that was moved.
        """
        self._time_base = time_base
        self._step = max(1, round(1 / (rate * time_base)))
        self._jump = max(self._step, int(JUMP_SECONDS / time_base))
        self._warnings = warnings
        self._last: int | None = None
        self._before_jump = 0
        self._offset = 0

    @property
    def offset_seconds(self) -> Fraction:
        """What is added to the source's times since they last jumped back."""
        return self._offset * self._time_base

    def place(self, pts: int | None, then: int | None = None) -> int:
        """The time of the next frame, in units of the time base.

        Args:
            pts: as the frame says, or None.
            then: as the frame behind it says, where that is known already.
        """
        if pts is None:
            self._warnings.add(NO_TIME)
            placed = 0 if self._last is None else self._last + self._step
        elif self._last is None:
            placed = self._first(pts, then)
        else:
            placed = self._after(self._last, pts, then)
        self._last = placed
        return placed

    def _first(self, pts: int, then: int | None) -> int:
        """The time of the first frame, which says `pts`, and the next one `then`."""
        if then is None or pts - then < self._jump:
            return pts
        self._warnings.add(LEAPT_AHEAD)
        return then - self._step

    def _after(self, last: int, pts: int, then: int | None) -> int:
        """A time behind `last` for a frame that says `pts`, and the next one `then`."""
        if self._offset != self._before_jump and 0 < pts + self._before_jump - last <= self._jump:
            self._offset = self._before_jump  # the jump was one frame's slip
        placed = pts + self._offset
        if placed - last >= self._jump and then is not None:
            between = then + self._offset - last
            if 1 < between <= self._jump:
                self._warnings.add(LEAPT_AHEAD)
                return last + between // 2
        if placed - last > LONGEST:
            return self._anew(last, pts, TOO_FAR)
        if placed > last:
            return placed
        if last - placed >= self._jump:
            return self._anew(last, pts, JUMPED_BACK)
        self._warnings.add(REPEATED)
        return last + 1

    def _anew(self, last: int, pts: int, why: str) -> int:
        """A time one frame behind `last`, from which those behind it count."""
        self._warnings.add(why)
        self._before_jump, self._offset = self._offset, last + self._step - pts
        return last + self._step
