"""Feeds one process with what waits for it, and ends it when it does not come to its work."""

import math
import threading
import time
from contextlib import suppress

from stream.child import Child
from stream.errors import SharedMemoryError
from stream.frame import Frame
from stream.outlet.messages import Beat, Goodbye, Pictured
from stream.outlet.waiting import Waiting
from stream.ring import Ring, RingWriter, bytes_of

SLOTS = 4
BEAT_S = 1.0
WATCH_S = 0.25

START_S = 60.0
"""What a process may take to begin on a machine that is busy."""

FULL_S = 0.005
"""Between two looks for a free slot."""


class Feeder:
    """Two threads: one sends, which a full pipe stops; one watches, and ends the process then.

    Attributes:
        fate: why it ended the process, in words; empty where it did not.
        problem: a fault of the program that ended the feeding.
    """

    def __init__(self, child: Child, waiting: Waiting, *, name: str, hangs_s: float) -> None:
        """Prepare to feed.

        Args:
            child: the process.
            waiting: what to feed it with.
            name: of the process.
            hangs_s: it is ended when it does not come to its work for so long.
        """
        self.fate = ""
        self.problem: BaseException | None = None
        self._child, self._waiting, self._hangs_s = child, waiting, hangs_s
        self._over = threading.Event()
        self._leaving = False
        self._rings: list[Ring] = []
        self._outgrown = 0
        self._answer_by, self._answered = math.inf, False
        self._threads = [
            threading.Thread(target=target, name=f"{name} {what}", daemon=True)
            for target, what in ((self._feed, "feeder"), (self._watch, "watch"))
        ]

    def start(self) -> None:
        """Start feeding."""
        for thread in self._threads:
            thread.start()

    def answered(self) -> None:
        """The process came to its work: it answered a beat."""
        self._answer_by, self._answered = math.inf, True

    def leave(self) -> None:
        """Say goodbye to the process; returns at once."""
        self._leaving = True
        self._waiting.wake()

    def end(self) -> None:
        """The process has ended: stop, and take away what was shared with it."""
        self._over.set()
        self._waiting.wake()
        for thread in self._threads:
            thread.join()
        for ring in self._rings:
            ring.close()

    def _feed(self) -> None:
        send = self._child.connection.send
        try:
            beat_at = time.monotonic()
            while not self._over.is_set() and not self._leaving:
                if time.monotonic() >= beat_at:
                    beat_at = time.monotonic() + BEAT_S
                    self._beat()
                for word in self._waiting.words():
                    send(word)
                if not self._send_frame():
                    self._waiting.rest(beat_at)
            send(Goodbye())
        except (OSError, ValueError):
            pass  # it has ended: whoever listens to it knows
        except SharedMemoryError as problem:
            self._kill(str(problem))
        except BaseException as problem:
            self.problem = problem
            self._kill(f"could not be fed: {type(problem).__name__}")

    def _send_frame(self) -> bool:
        """Send a frame that is due; tells whether there may be more to do at once."""
        taken = self._waiting.take()
        if taken is None:
            return False
        room, make = taken
        frame = make()
        ring = self._ring_for(frame)
        slotted = RingWriter(ring).put(frame)
        if slotted is None:
            self._waiting.give_back(room, make)
            time.sleep(FULL_S)
            return True
        self._child.connection.send(Pictured(room, ring.shape, slotted))
        return True

    def _ring_for(self, frame: Frame) -> Ring:
        """The ring, or a larger one; those before stay until the process has left them."""
        if not self._rings or not self._rings[-1].shape.fits(frame.picture):
            self._rings.append(Ring(SLOTS, bytes_of(frame.picture)))
        return self._rings[-1]

    def _beat(self) -> None:
        """Ask whether the process works, if it has answered until now."""
        if self._answer_by < math.inf:
            return
        for _ in range(self._outgrown):  # it has taken all that was sent before the last beat
            self._rings.pop(0).close()
        self._outgrown = max(0, len(self._rings) - 1)
        self._answer_by = time.monotonic() + (self._hangs_s if self._answered else START_S)
        self._child.connection.send(Beat())

    def _watch(self) -> None:
        while not self._over.wait(WATCH_S):
            if time.monotonic() > self._answer_by:
                self._kill(f"did not come to its work for {self._hangs_s:g} s")
                return

    def _kill(self, fate: str) -> None:
        self.fate = fate
        with suppress(OSError):
            self._child.kill()
