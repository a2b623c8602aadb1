"""One source, each frame with its own mask: shown when its answer is there, in small batches.

    capture → take → waiting → engine → shown → branches

Where the engine is too slow, frames are dropped before it; where it is lost or silent, frames
are shown without masks, and at once: the picture goes on.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from stream.frame import Frame
from stream.health import Event, State
from stream.inference import Answer, EngineFacts
from stream.live.drawing import Drawing
from stream.live.finding import Finding
from stream.live.policy import MaskPolicy
from stream.live.room import RESTARTING
from stream.live.settings import LiveSettings
from stream.live.showing import Showing
from stream.overlay import Overlay
from stream.stats import Rate

TOO_SLOW = "engine too slow"

PATIENCE_S = 1.0
PATIENCE_PERIODS = 3
"""A frame waits for its answer for so long, or so many of the engine's periods, and no longer."""


class SyncRoom:
    """A source with the frames that wait; as `Room`, but for when a frame is shown.

    Attributes:
        name, showing, finding, captured, inferred, dropped: as of `Room`.
    """

    def __init__(
        self,
        name: str,
        settings: LiveSettings,
        *,
        wake: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing has arrived yet; arguments as of `Room`."""
        self.name = name
        self.finding = Finding(settings)
        self.showing = Showing(
            MaskPolicy(float("inf")),  # a frame's own mask is never too old for it
            Drawing(Overlay(settings.style), settings.overlay),
            clock,
        )
        self.captured, self.inferred = Rate(), Rate()
        self.dropped: Counter[str] = Counter()
        self._batch, self._max_wait_s = settings.batch, settings.max_wait_ms / 1000
        self._patience_s = PATIENCE_S + self._max_wait_s
        self._quiet_s = settings.mask_age_limit_s
        self._wake, self._clock = wake, clock
        self._order = threading.RLock()
        self._waiting: deque[Frame] = deque()
        self._asked: deque[Frame] = deque()
        self._silent = False
        self._segment = 0

    def take(self, frame: Frame) -> None:
        """A frame arrived: it waits for the engine, if there is one to wait for."""
        with self._order:
            self.captured.tick(self._clock())
            if self.showing.state is not State.LIVE or self.showing.engine or self._silent:
                self._give_up()
                self.showing.show(frame, None, self.finding.sightings)
                return
            self.showing.delays.arrived(frame.index, frame.arrived_at)
            self._waiting.append(frame)
            if len(self._waiting) > self._batch:
                self._waiting.popleft()
                self.dropped[TOO_SLOW] += 1
        self._wake()

    def turn(self, event: Event) -> None:
        """The source changed: nothing more comes to fill a batch."""
        with self._order:
            if event.segment != self._segment or event.state is not State.LIVE:
                self._segment = event.segment
                self._give_up()
                self.showing.delays.excuse()
            self.showing.turn(event)
            self.showing.refresh(None, self._quiet_s)

    def resume(self) -> None:
        """The engine waits for frames: they may wait for it again."""
        with self._order:
            self._silent = False

    def due_at(self) -> float | None:
        """When a batch can go to the engine, in monotonic seconds; None while nothing waits."""
        with self._order:
            if not self._waiting:
                return None
            first = self._waiting[0].arrived_at
            return first if len(self._waiting) >= self._batch else first + self._max_wait_s

    def ask(self) -> list[Frame]:
        """The frames that wait, for the engine."""
        with self._order:
            frames = list(self._waiting)
            self._waiting.clear()
            self._asked.extend(frames)
            return frames

    def answer(self, answer: Answer) -> None:
        """The engine answered: show the frame, and those before it that it has no answer for."""
        with self._order:
            index = answer.prediction.frame_index
            if all(frame.index != index for frame in self._asked):
                return
            while (frame := self._asked.popleft()).index != index:
                self.showing.show(frame, None, self.finding.sightings)
            self.inferred.tick(self._clock())
            found = self.finding.update(answer, frame)
            self.showing.show(frame, found, self.finding.sightings)

    def engine_ready(self, facts: EngineFacts) -> None:
        """The engine runs from now on."""
        with self._order:
            self.showing.engine, self._silent = "", False
            self._patience_s = self._max_wait_s + max(PATIENCE_S, PATIENCE_PERIODS * facts.period_s)
            if self.finding.threshold is None:
                self.finding.threshold = facts.threshold

    def engine_lost(self) -> None:
        """The engine is being started again: nothing waits for it."""
        with self._order:
            self.showing.engine = RESTARTING
            self._give_up()

    def refresh(self) -> None:
        """Time passed: what waits in vain is shown without a mask."""
        with self._order:
            oldest = next(iter((*self._asked, *self._waiting)), None)
            if oldest is not None and self._clock() - oldest.arrived_at > self._patience_s:
                self._silent = True
                self._give_up()
            self.showing.refresh(None, self._quiet_s)

    @property
    def waiting(self) -> int:
        """Frames that are not shown yet."""
        with self._order:
            return len(self._asked) + len(self._waiting)

    def _give_up(self) -> None:
        """Show what waits without masks."""
        for frame in (*self._asked, *self._waiting):
            self.showing.show(frame, None, self.finding.sightings)
        self._asked.clear()
        self._waiting.clear()
