"""The handle of a room's publishing in a run."""

import time
from collections.abc import Callable
from typing import Any

from stream.outlet import Outlet
from stream.outlet.waiting import Make
from stream.publish.process import ROOM, Connected, Failed, Sent, serve
from stream.source.address import redacted
from stream.stats import PublisherFigures

BACKLOG = 8
"""Frames that wait for the encoder at most: what a busy moment delays, and no more."""

OLD_S = 3.0
"""A rate that was told before says nothing of now."""


class Publisher:
    """Publishes one room; nothing of it keeps the run waiting.

    Attributes:
        target: its address without secrets.
    """

    def __init__(
        self,
        url: str,
        *,
        tell: Callable[[str], None] = lambda line: None,
        warn: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            url: of the target, checked.
            tell: told when it is published.
            warn: told once when it is not, until it is again.
        """
        self.target = redacted(url)
        self._tell, self._warn = tell, warn
        self._state, self._warned = "connecting", False
        self._offered = self._before = 0
        self._sent = Sent(0.0, 0)
        self._sent_at = 0.0
        self._outlet = Outlet(
            serve,
            url,
            name="publisher",
            on_word=self._hear,
            on_lost=self._died,
            backlog=BACKLOG,
        )

    def start(self) -> None:
        """Start; returns at once."""
        self._outlet.start()

    def offer(self, make: Make) -> None:
        """Offer the next frame; `make` gives it where it is sent."""
        self._offered += 1
        self._outlet.offer(ROOM, make)

    def raise_fault(self) -> None:
        """Raise what went wrong in making a frame, if something did."""
        if self._outlet.problem is not None:
            raise self._outlet.problem

    def kill(self) -> None:
        """End the process at once, as a fault would; it is started again."""
        self._outlet.kill()

    def close(self) -> None:
        """End it all."""
        self._outlet.close()

    @property
    def figures(self) -> PublisherFigures:
        """How it does."""
        sent = self._before + self._sent.total
        fresh = time.monotonic() - self._sent_at < OLD_S
        return PublisherFigures(
            self.target,
            self._state,
            self._sent.per_second if fresh and self._state == "publishing" else 0.0,
            sent,
            max(0, self._offered - sent),
        )

    def _hear(self, word: Any) -> None:
        match word:
            case Connected():
                self._state, self._warned = "publishing", False
                self._tell(f"published to {self.target}")
            case Sent():
                self._sent, self._sent_at = word, time.monotonic()
            case Failed(reason):
                self._fail(reason)

    def _died(self, fate: str) -> None:
        self._before += self._sent.total
        self._sent = Sent(0.0, 0)
        self._fail(f"its process {fate}")

    def _fail(self, reason: str) -> None:
        self._state = "trying again"
        if not self._warned:
            self._warned = True
            self._warn(f"not published to {self.target}: {reason}; it is tried again")
