"""One source: every frame is shown as it arrives, with the newest mask.

capture → take → shown → branches
           ↓ newest frame    ↑ newest mask
           engine, as soon as it is free
"""

import threading
import time
from collections import Counter
from collections.abc import Callable

from stream.frame import Frame
from stream.health import Event, State
from stream.inference import Answer, EngineFacts
from stream.live.drawing import Drawing
from stream.live.finding import Finding
from stream.live.policy import Found, MaskPolicy
from stream.live.settings import LiveSettings
from stream.live.showing import Showing
from stream.overlay import Overlay
from stream.stats import Rate

RESTARTING = "restarting"

MOST_ASKED = 2
"""The engine is free for the next frame a moment before it has handed the answer on."""


class Room:
    """A source with its newest frame and its newest mask; safe to use from several threads.

    Captured = shown + dropped, and shown = inferred + not inferred, but for frames under way.

    Attributes:
        name: of the source, without secrets.
        showing: what is shown.
        finding: what is found.
        captured: rate of frames that arrived.
        inferred: rate of answers.
        dropped: frames that arrived here and are not shown, by cause.
    """

    def __init__(
        self,
        name: str,
        settings: LiveSettings,
        *,
        wake: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing has arrived yet.

        Args:
            name: of the source, without secrets.
            settings: how it is shown.
            wake: told that there is a new frame for the engine.
            clock: tells monotonic seconds.
        """
        self.name = name
        self.finding = Finding(settings)
        self.showing = Showing(
            MaskPolicy(settings.mask_age_limit_s),
            Drawing(Overlay(settings.style), settings.overlay),
            clock,
        )
        self.captured, self.inferred = Rate(), Rate()
        self.dropped: Counter[str] = Counter()
        self._limit_s = settings.mask_age_limit_s
        self._wake, self._clock = wake, clock
        self._lock = threading.Lock()
        self._newest: Frame | None = None
        self._asked: dict[int, Frame] = {}
        self._found: Found | None = None
        self._segment = 0
        self._pictures = 0

    def take(self, frame: Frame) -> None:
        """A frame arrived: show it, and keep it for the engine."""
        with self._lock:
            self.captured.tick(self._clock())
            if self.showing.state is State.LIVE:
                self._newest = frame
                if not self.showing.engine:
                    self.showing.delays.arrived(frame.index, frame.arrived_at)
            found = self._found
        self._wake()
        self.showing.show(frame, found, self.finding.sightings)

    def turn(self, event: Event) -> None:
        """The source changed: what is known of it until now is of another picture."""
        with self._lock:
            if event.segment != self._segment or event.state is not State.LIVE:
                self._segment = event.segment
                self._newest = self._found = None
                self._asked.clear()
                self._pictures += 1
                self.showing.delays.excuse()
            found = self._found
            self.showing.turn(event)
        self.showing.refresh(found, self._limit_s)

    def ask(self) -> Frame | None:
        """The newest frame, for the engine, if there is one that it has not had."""
        with self._lock:
            frame, self._newest = self._newest, None
            if frame is not None:
                self._asked[frame.index] = frame
                if len(self._asked) > MOST_ASKED:  # some frames get no answer
                    del self._asked[min(self._asked)]
            return frame

    def answer(self, answer: Answer) -> None:
        """The engine answered."""
        with self._lock:
            asked, pictures = self._asked.pop(answer.prediction.frame_index, None), self._pictures
            if asked is None:
                return
            self.inferred.tick(self._clock())
        found = self.finding.update(answer, asked)
        with self._lock:
            if self._pictures == pictures:  # and so until the picture that stands has it
                self._found = found
                self.showing.renew(found, self.finding.sightings)

    def engine_ready(self, facts: EngineFacts) -> None:
        """The engine runs from now on."""
        with self._lock:
            self.showing.engine = ""
            if self.finding.threshold is None:
                self.finding.threshold = facts.threshold

    def engine_lost(self) -> None:
        """The engine is being started again."""
        with self._lock:
            self.showing.engine = RESTARTING
            self._asked.clear()

    def refresh(self) -> None:
        """Time passed: what is on the screens may say something that is no longer true."""
        with self._lock:
            found = self._found
        self.showing.refresh(found, self._limit_s)

    @property
    def waiting(self) -> int:
        """Frames that wait for the engine's answer or for the engine."""
        with self._lock:
            return (self._newest is not None) + len(self._asked)
