"""What a report has to know of every frame, in a bounded amount of memory."""

from nets.picture import Picture, Rect
from stream.frame import Frame
from stream.quality import Fault, judge
from stream.report.curve import Curve
from stream.report.stretches import Stretch, Stretches

JUDGED_EVERY_S = 0.2
"""Media time between two looks at the picture itself: a stretch is longer than that."""


class RecordingLog:
    """Takes every frame of a recording with what was found in it.

    Attributes:
        frames: how many came.
        with_polyp: in how many a polyp was found.
        first: media seconds of the first frame.
        last: media seconds of the last one.
        picture: size, layout and colour of the first frame, in words.
        view: the endoscope's picture in the latest frame that had one.
        curve: the polyp's share of the view over time since the first frame.
    """

    def __init__(self) -> None:
        self.frames = self.with_polyp = 0
        self.first = self.last = 0.0
        self.picture = ""
        self.view: Rect | None = None
        self.curve = Curve()
        self._stretches = Stretches()
        self._judged_at: float | None = None
        self._fault: Fault | None = None

    def update(self, frame: Frame, view: Rect, *, polyp_fraction: float, visible: bool) -> None:
        """Take the next frame.

        Args:
            frame: as it was seen, without a mask.
            view: the endoscope's picture in it.
            polyp_fraction: share of the view that is polyp, in [0, 1].
            visible: whether there is an endoscope's picture.
        """
        seconds = float(frame.seconds)
        if not self.frames:
            self.first, self.picture = seconds, describe(frame.picture)
        self.frames += 1
        self.with_polyp += polyp_fraction > 0
        self.last = seconds
        self.curve.add(seconds - self.first, polyp_fraction)
        if visible:
            self.view = view
        self._stretches.add(seconds, self._judged(frame.picture, view, visible, seconds))

    def stretches(self, end: float) -> list[Stretch]:
        """Stretches without a usable picture, in order of time; the recording ends at `end`."""
        return self._stretches.finish(end)

    def _judged(self, picture: Picture, view: Rect, visible: bool, seconds: float) -> Fault | None:
        """What is wrong with the picture; the last look holds for a while."""
        if not visible:
            self._judged_at = None
            return Fault.NO_VIEW
        if self._judged_at is None or seconds - self._judged_at >= JUDGED_EVERY_S:
            self._judged_at = seconds
            self._fault = judge(picture.crop(view))
        return self._fault


def describe(picture: Picture) -> str:
    """A picture's size, layout and colour in words."""
    colour = picture.colour
    spread = "full" if colour.full_range else "limited"
    return (
        f"{picture.width}×{picture.height}, {picture.layout.name}, "
        f"{colour.matrix.value.upper()}, {spread} range"
    )
