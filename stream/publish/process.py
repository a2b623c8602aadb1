"""The publisher's process: connects, sends, and tries again when its target is gone."""

import os
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from stream.errors import SinkError
from stream.frame import Frame
from stream.outlet import OutletEnd
from stream.publish.sender import Sender

NICENESS = 5
"""Capture, engine and recorder come first where there is too little processor for all."""

PAUSES_S = (1.0, 2.0, 5.0, 10.0)
"""Before the target is tried again, the first time, the second ... and from then on."""

TELL_EVERY_S = 1.0
ROOM = 0


@dataclass(frozen=True, slots=True)
class Connected:
    """The target takes pictures."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The target is not there, or is gone; it is tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """So many frames were sent in the last second, and so many in all."""

    per_second: float
    total: int


def serve(connection: "Connection[Any, Any]", url: str) -> None:
    """The process's whole life."""
    os.nice(NICENESS)
    end = OutletEnd(connection)
    publishing = _Publishing(end, url)
    end.want({ROOM})
    for _, frame in end:
        publishing.take(frame)
    publishing.close()


class _Publishing:
    """Sends frames as long as there is someone to send them to."""

    def __init__(self, end: OutletEnd, url: str) -> None:
        self._end, self._url = end, url
        self._sender: Sender | None = None
        self._failures = 0
        self._sent = self._told = 0
        self._told_at = 0.0

    def take(self, frame: Frame) -> None:
        try:
            if self._sender is not None and not self._sender.fits(frame):
                self.close()
            if self._sender is None:
                self._sender = Sender(self._url, frame)
                self._told, self._told_at = self._sent, time.monotonic()
                self._end.say(Connected())
            self._sent += self._sender.send(frame)
        except SinkError as problem:
            self._pause(str(problem))
            return
        self._tell()

    def close(self) -> None:
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def _pause(self, reason: str) -> None:
        """Want nothing for a while."""
        was_connected = self._sender is not None
        self.close()
        self._failures = 1 if was_connected else self._failures + 1
        self._end.want(())
        self._end.say(Failed(reason))
        pause_s = PAUSES_S[min(self._failures, len(PAUSES_S)) - 1]
        again = threading.Timer(pause_s, self._end.want, ({ROOM},))
        again.daemon = True
        again.start()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_S:
            rate = (self._sent - self._told) / (now - self._told_at)
            self._told, self._told_at = self._sent, now
            self._end.say(Sent(rate, self._sent))
