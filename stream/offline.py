"""A recording's journey: every frame, in order, none lost, count out = count in.

    source → view → engine → mask → overlay → recorder · sidecars → report
                                  ↘ sightings ↗

Reading runs ahead in a thread and writing behind in another, so that decoding, the ensemble and
encoding share the machine's cores; PyAV, OpenCV and the engines let go of Python's lock.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Protocol

from nets.engine import Engine
from nets.picture import Rect
from nets.preprocessing import Prepared
from stream.errors import BrokenOffError
from stream.frame import Frame
from stream.overlay import Overlay
from stream.prediction import Mask, Prediction, find_mask
from stream.redact import redacted
from stream.sightings import Followed, Sighting, SightingTracker
from stream.smoothing import Smoother
from stream.threads import WriteBehind, read_ahead
from stream.view import ViewFinder

FRAMES_AHEAD = 12
FRAMES_BEHIND = 12


class Source(Protocol):
    """What a recording is read from."""

    @property
    def broken_off(self) -> BrokenOffError | None:
        """Set after the last frame, where the recording ends before its own end."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Frames in presentation order."""
        ...

    def take_packets(self) -> list[Any]:
        """Sound and subtitles read since the last call."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame with what was found in it.

    Attributes:
        frame: as it came from the source.
        prediction: the ensemble's answer.
        mask: the answer at the frame's size.
        visible: whether there was an endoscope's picture to look at.
        shown: the frame with the mask drawn on it.
        sightings: polyps seen from the first frame until this one.
        followed: which of the mask's regions are which polyp.
    """

    frame: Frame
    prediction: Prediction
    mask: Mask
    visible: bool
    shown: Frame
    sightings: int
    followed: Followed


class Sink(Protocol):
    """Where seen frames go, in order."""

    def write(self, seen: Seen) -> None:
        """Take one frame."""
        ...


@dataclass
class Outcome:
    """What came of a recording.

    Attributes:
        frames: how many went through.
        with_polyp: in how many a mask was drawn.
        seconds: how long it took.
        engine_seconds: how much of that the engine took.
        sightings: each polyp from first to last frame, in order.
        broken_off: set where the recording ended before its own end.
    """

    frames: int = 0
    with_polyp: int = 0
    seconds: float = 0.0
    engine_seconds: float = 0.0
    sightings: list[Sighting] = field(default_factory=list)
    broken_off: BrokenOffError | None = field(default=None)


class Looked(NamedTuple):
    """A frame with where its endoscope's picture is, and whether there is one."""

    frame: Frame
    view: Rect
    visible: bool


def process(
    source: Source,
    engine: Engine,
    sinks: Sequence[Sink],
    *,
    finder: ViewFinder,
    threshold: float,
    smallest: float,
    tracker: SightingTracker,
    overlay: Overlay | None,
    smoother: Smoother | None = None,
    redact: bool = False,
    pass_on: Callable[[Any], None],
    progress: Callable[[Seen], None] = lambda seen: None,
) -> Outcome:
    """Send every frame of a source through the ensemble and to the sinks.

    Args:
        source: an open recording.
        engine: what finds polyps.
        sinks: all get every frame, in order, on one thread.
        finder: tells where the endoscope's picture is.
        threshold: of a sample's probability.
        smallest: regions below this share of the view are left out.
        tracker: makes sightings of the masks.
        overlay: how masks are drawn; None leaves the frames as they came.
        smoother: steadies the probability over time.
        redact: blank everything outside the view, before anything else sees it.
        pass_on: takes packets of sound and subtitles, on the sinks' thread.
        progress: told after every frame, on the caller's thread.

    Returns:
        What came of it; `broken_off` is for the caller to raise when everything is saved.
    """
    outcome, started = Outcome(), time.monotonic()

    def write(seen: Seen) -> None:
        for packet in source.take_packets():
            pass_on(packet)
        for sink in sinks:
            sink.write(seen)

    with (
        read_ahead(source, FRAMES_AHEAD, "reader") as frames,
        WriteBehind(write, FRAMES_BEHIND, "writer") as writer,
    ):
        while batch := list(islice(frames, engine.batch)):
            looked = [look(frame, finder, redact) for frame in batch]
            predictions = predict(engine, [it.frame for it in looked], [it.view for it in looked])
            outcome.engine_seconds += sum(prediction.took_s for prediction in predictions)
            for (frame, _, visible), answer in zip(looked, predictions, strict=True):
                prediction = answer
                if smoother is not None:
                    prediction = smoother.update(answer, frame.picture, frame.seconds)
                mask = find_mask(prediction, threshold if visible else 1.0, smallest)
                followed = tracker.update(frame, mask)
                shown = overlay.draw(frame, mask) if overlay is not None else frame
                seen = Seen(frame, prediction, mask, visible, shown, tracker.begun, followed)
                writer.put(seen)
                outcome.frames += 1
                outcome.with_polyp += bool(mask.regions)
                progress(seen)
    for packet in source.take_packets():
        pass_on(packet)
    outcome.sightings = tracker.finish()
    outcome.seconds = time.monotonic() - started
    outcome.broken_off = source.broken_off
    return outcome


def look(frame: Frame, finder: ViewFinder, redact: bool) -> Looked:
    """Find the view in a frame, and blank the rest of it if asked to."""
    view = finder.update(frame)
    if redact:
        frame = redacted(frame, finder.surely(frame.picture))
    return Looked(frame, view, finder.visible)


def predict(engine: Engine, frames: Sequence[Frame], views: Sequence[Rect]) -> list[Prediction]:
    """The ensemble's answers for a batch of frames."""
    prepared = [
        engine.prepare(frame.picture, view) for frame, view in zip(frames, views, strict=True)
    ]
    return answers(engine, frames, views, prepared)


def answers(
    engine: Engine, frames: Sequence[Frame], views: Sequence[Rect], prepared: Sequence[Prepared]
) -> list[Prediction]:
    """The ensemble's answers for frames that have been prepared for it."""
    asked = time.monotonic()
    maps = engine.predict(prepared)
    made_at = time.monotonic()
    took_s = (made_at - asked) / len(frames)
    return [
        Prediction(
            frame.index,
            view,
            view if engine.grid.extent == "view" else frame.picture.whole,
            probability,
            made_at,
            took_s,
        )
        for frame, view, probability in zip(frames, views, maps, strict=True)
    ]
