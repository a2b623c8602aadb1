"""What state a live source is in, and when and why it changed: a pure state machine."""

from dataclasses import dataclass
from enum import StrEnum

from stream.signal import Signal


class State(StrEnum):
    """Of a live source; the words are for people."""

    CONNECTING = "CONNECTING"
    LIVE = "LIVE"
    STALLED = "STALLED"
    NO_SIGNAL = "NO SIGNAL"
    FROZEN = "FROZEN"
    RECONNECTING = "RECONNECTING"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Event:
    """A source changed.

    Attributes:
        at: monotonic seconds.
        state: what it is in from now on.
        before: what it was in; the same as `state` where only the segment changed.
        reason: for people, without secrets.
        segment: counts connections and changes of size, from 1; 0 before the first picture.
    """

    at: float
    state: State
    before: State
    reason: str
    segment: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something lasts before it is called by its name, in seconds.

    Attributes:
        stalled_s: without a picture, until STALLED.
        no_signal_s: with pictures of no signal, until NO_SIGNAL.
        frozen_s: of identical pictures, until FROZEN.
    """

    stalled_s: float = 1.0
    no_signal_s: float = 1.0
    frozen_s: float = 3.0


class Health:
    """The state of one source. All times are monotonic seconds and are passed in.

    Every method returns the event that it leads to, or None. A source that was never there
    stays in CONNECTING however often it is tried.

    Attributes:
        state: as it stands.
        since: when it came to be so.
        segment: as of the latest event.
    """

    def __init__(self, at: float, patience: Patience | None = None) -> None:
        """Begin in CONNECTING."""
        self.state = State.CONNECTING
        self.since = at
        self.segment = 0
        self._patience = patience or Patience()
        self._pictured_at: float | None = None
        self._poor: Signal | None = None
        self._poor_since = self._told_at = at

    def began(self, at: float, reason: str) -> Event:
        """A new segment's first picture is about to come: another connection, or another size."""
        self.segment += 1
        self._poor = None
        return self._event(at, self.state, reason)

    def pictured(self, at: float, signal: Signal) -> Event | None:
        """A picture arrived that looks like this.

        After a pause the first picture decides at once; in a running picture what is missing
        or frozen has to last.
        """
        running = self.state in (State.LIVE, State.NO_SIGNAL, State.FROZEN)
        self._pictured_at = at
        if signal is Signal.PICTURE:
            self._poor = None
            return self._turn(at, State.LIVE, "pictures arrive" if not running else str(signal))
        kind, lasts_s = State.FROZEN, self._patience.frozen_s
        if signal.is_missing:
            kind, lasts_s = State.NO_SIGNAL, self._patience.no_signal_s
        if self._poor is None or self._poor.is_missing != signal.is_missing:
            self._poor_since = at
        self._poor = signal
        if at - self._poor_since >= lasts_s or (signal.is_missing and not running):
            return self._turn(at, kind, str(signal))
        return None if running else self._turn(at, State.LIVE, "pictures arrive")

    def passed(self, at: float) -> Event | None:
        """Time passed, and nothing arrived until now."""
        if self._pictured_at is None or at - self._pictured_at < self._patience.stalled_s:
            return None
        if self.state is State.ENDED:
            return None
        silent = f"no picture for {self._patience.stalled_s:g} s"
        return self._turn(at, State.STALLED, silent)

    def lost(self, at: float, reason: str) -> Event:
        """A connection is gone, or was not made, and will be tried again; each is an event."""
        self._poor = self._pictured_at = None
        state = State.RECONNECTING if self.segment else State.CONNECTING
        return self._turn(at, state, reason) or self._event(at, state, reason)

    def ended(self, at: float, reason: str) -> Event | None:
        """Nothing more will come."""
        return self._turn(at, State.ENDED, reason)

    def _turn(self, at: float, state: State, reason: str) -> Event | None:
        if state is self.state:
            return None
        before, self.state, self.since = self.state, state, at
        return self._event(at, before, reason)

    def _event(self, at: float, before: State, reason: str) -> Event:
        """What came to be so, never earlier than what was told before."""
        self._told_at = max(at, self._told_at)
        return Event(self._told_at, self.state, before, reason, self.segment)
