"""Shows a source's frames: judges what may stand on each, draws it, and hands it on."""

import math
import threading
from collections.abc import Callable, Sequence

from stream.frame import Frame
from stream.health import Event, State
from stream.live.delays import Delays
from stream.live.drawing import Drawing, blank_frame
from stream.live.policy import Found, MaskPolicy, Verdict
from stream.live.shown import Branch, Shown
from stream.stats import Rate

STARTING = "starting"

SOON_S = 0.01
"""A frame that comes within this carries the newest mask itself: to draw the one before again
would only take time from others."""


class Showing:
    """What one source shows, in order, one picture at a time.

    Attributes:
        drawing: how it is drawn.
        delays: how long showing takes.
        state: of the source.
        since: monotonic seconds from which it is in this state.
        engine: what is being done to have an engine; empty where it runs.
        rate: of frames shown.
        latest: what is on the screens; None before the first picture.
        branches: get every frame once.
        screens: get every frame too, and the latest one again with a newer mask, or where it
            has to say something else than it did. To both is added before the source runs.
    """

    def __init__(self, policy: MaskPolicy, drawing: Drawing, clock: Callable[[], float]) -> None:
        """Nothing is shown yet.

        Args:
            policy: says what may stand on a picture.
            drawing: draws it.
            clock: tells monotonic seconds.
        """
        self.drawing, self.delays = drawing, Delays()
        self.state, self.since = State.CONNECTING, clock()
        self.engine = STARTING
        self.rate = Rate()
        self.latest: Shown | None = None
        self._policy = policy
        self.branches: list[Branch] = []
        self.screens: list[Branch] = []
        self._clock = clock
        self._shown_at = self._step_s = math.inf
        self._order = threading.Lock()

    def turn(self, event: Event) -> None:
        """The source is in another state."""
        if event.state is not self.state:
            self.state, self.since = event.state, event.at
            self._shown_at = math.inf  # the next frame does not tell how often frames come

    def show(self, frame: Frame, found: Found | None, sightings: int) -> None:
        """Show the next frame.

        Args:
            frame: as it arrived.
            found: what may be known of it.
            sightings: polyps seen until now.
        """
        with self._order:
            now = self._clock()
            verdict = self._judge(frame, found, now)
            shown = self._drawn(frame, found, verdict, sightings, now)
            self._step_s, self._shown_at = now - self._shown_at, now
            self.rate.tick(now)
            self.delays.shown(frame.arrived_at, self._clock())
            self._mark(shown)
            self._hand_on(shown, (*self.branches, *self.screens))

    def renew(self, found: Found, sightings: int) -> None:
        """Put a new answer on the frame that stands, unless the next one comes soon.

        Args:
            found: the newest answer.
            sightings: polyps seen until now.
        """
        with self._order:
            now, latest = self._clock(), self.latest
            if latest is None or not self.screens or self.state is not State.LIVE:
                return
            if now - self._shown_at + SOON_S > self._step_s:
                return
            verdict = self._judge(latest.frame, found, now)
            if verdict.found is not None:
                shown = self._drawn(latest.frame, found, verdict, sightings, now)
                self._mark(shown)
                self._hand_on(shown, self.screens)

    def _mark(self, shown: Shown) -> None:
        """A mask is shown, if there is one."""
        if shown.prediction is not None:
            self.delays.marked(shown.prediction.frame_index, self._clock())

    def refresh(self, found: Found | None, quiet_s: float) -> None:
        """Show the latest frame again if it says something that is no longer true.

        Args:
            found: the newest answer.
            quiet_s: so long without a new frame, the latest one is looked at again.
        """
        with self._order:
            now, latest = self._clock(), self.latest
            if latest is not None and now - latest.at < quiet_s and self.state is State.LIVE:
                return
            frame = latest.frame if latest is not None else blank_frame(now)
            verdict = self._judge(frame, found, now)
            if latest is None or verdict.notice != latest.notice:
                sightings = latest.sightings if latest is not None else 0
                self._hand_on(self._drawn(frame, found, verdict, sightings, now), self.screens)

    def _judge(self, frame: Frame, found: Found | None, now: float) -> Verdict:
        whole = frame.picture.whole
        return self._policy.judge(found, whole, state=self.state, engine=self.engine, now=now)

    def _drawn(
        self, frame: Frame, found: Found | None, verdict: Verdict, sightings: int, now: float
    ) -> Shown:
        whole, stands = frame.picture.whole, verdict.found
        fits = found is not None and found.answer.frame == whole
        view = found.answer.prediction.view if found is not None and fits else whole
        return Shown(
            frame=frame,
            shown=self.drawing.draw(frame, verdict, view),
            mask=stands.mask if stands else None,
            prediction=stands.answer.prediction if stands else None,
            mask_age_s=verdict.age_s,
            notice=verdict.notice,
            view=view,
            visible=found is not None and fits and found.answer.visible,
            state=self.state,
            sightings=sightings,
            at=now,
        )

    def _hand_on(self, shown: Shown, branches: Sequence[Branch]) -> None:
        self.latest = shown
        for branch in branches:
            branch.offer(shown)
