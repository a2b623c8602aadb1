"""A capture whose frames, packets and events are kept, for tests to wait for."""

import threading
import time
from collections.abc import Callable
from typing import Self

from stream.capture import Asked, Capture, CapturedPacket, CaptureOptions
from stream.frame import Frame
from stream.health import Event, State

PATIENCE_S = 60.0
"""For a process to start on a machine that is busy with other things."""


class Watched:
    """A capture under test; a context manager that closes it."""

    def __init__(
        self,
        address: str,
        options: CaptureOptions | None = None,
        *,
        packets: bool = False,
        on_frame: Callable[[Frame], None] | None = None,
    ) -> None:
        self.frames: list[Frame] = []
        self.packets: list[CapturedPacket] = []
        self.events: list[Event] = []
        self._changed = threading.Condition()

        def take(frame: Frame) -> None:
            if on_frame is not None:
                on_frame(frame)
            self._keep(self.frames, frame)

        self.capture = Capture(
            address,
            options or CaptureOptions(asked=Asked(packets=packets)),
            name="room",
            on_frame=take,
            on_packet=lambda packet: self._keep(self.packets, packet),
            on_event=lambda event: self._keep(self.events, event),
        )

    def _keep(self, kept: list, item: object) -> None:
        with self._changed:
            kept.append(item)
            self._changed.notify_all()

    def wait(self, reached: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait until something is so; look again at everything that arrives."""
        until = time.monotonic() + patience_s
        with self._changed:
            while not reached():
                left = until - time.monotonic()
                assert left > 0, f"in vain: {self.capture.state}, {self.events}"
                self._changed.wait(min(left, 0.1))

    def wait_for(self, state: State, since: int = 0) -> Event:
        """Wait until the source has come to a state; the first event that says so.

        Args:
            state: what is waited for.
            since: so many events from the beginning are not looked at.
        """
        self.wait(lambda: any(event.state is state for event in self.events[since:]))
        return next(event for event in self.events[since:] if event.state is state)

    def wait_frames(self, more: int) -> None:
        """Wait for so many frames more."""
        enough = len(self.frames) + more
        self.wait(lambda: len(self.frames) >= enough)

    def states(self) -> list[State]:
        """The states it was in, each once in a row."""
        states = [State.CONNECTING]
        for event in self.events:
            if event.state is not states[-1]:
                states.append(event.state)
        return states

    def __enter__(self) -> Self:
        self.capture.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.capture.close()
