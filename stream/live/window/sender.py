"""Sends a window its pictures, on a thread of its own: none of it is in the way of the rooms."""

import threading
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

from stream.child import Child
from stream.live.shown import Shown
from stream.live.window.messages import Shot, Sign
from stream.live.window.newest import MOST_UNDER_WAY, Newest
from stream.ring import Ring, RingWriter, bytes_of

SIGN_EVERY_S = 0.2
"""How often what stands beside the picture is looked at, where no picture comes."""


class Sender:
    """Copies pictures into a ring; it alone has hands on that.

    Attributes:
        problem: what ended it, where that is a fault or too little memory.
    """

    def __init__(
        self,
        newest: Newest,
        sign: Callable[[], Sign],
        aspect: Callable[[], Fraction],
        child: Callable[[], Child | None],
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            newest: has the pictures.
            sign: tells what stands beside them.
            aspect: tells the width of a sample divided by its height.
            child: the window's process, once it is open.
        """
        self.problem: BaseException | None = None
        self._newest, self._sign, self._aspect, self._child = newest, sign, aspect, child
        self._ring: Ring | None = None
        self._sent_to: Child | None = None
        self._said: Sign | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="window sender", daemon=True)

    def start(self) -> None:
        """Start."""
        self._thread.start()

    def close(self) -> None:
        """End, and take the ring away; the window's process has ended."""
        self._closing = True
        with self._newest.change:
            self._newest.change.notify_all()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        try:
            while not self._closing:
                with self._newest.change:
                    if not (self._child() is not None and self._newest.can_take()):
                        self._newest.change.wait(SIGN_EVERY_S)
                child = self._child()
                if child is not None:
                    self._send(child)
        except BaseException as problem:
            self.problem = problem
        finally:
            self._drop_ring()

    def _send(self, child: Child) -> None:
        """Send a process the picture that waits, or else what is new beside it."""
        if child is not self._sent_to:
            self._drop_ring()  # nobody is attached to it any more
            self._sent_to, self._said = child, None
            self._newest.begin_anew()
        sign = self._sign()
        shown = self._newest.take(0 if self._ring is None else self._ring.shape.slot_bytes)
        if shown is None and sign == self._said:
            return
        self._said = sign
        with suppress(OSError):  # it died: whoever listens to it knows
            child.connection.send(sign if shown is None else self._shot_of(shown, sign))

    def _shot_of(self, shown: Shown, sign: Sign) -> Shot:
        size = bytes_of(shown.shown.picture)
        if self._ring is None or self._ring.shape.slot_bytes < size:
            self._drop_ring()
            self._ring = Ring(MOST_UNDER_WAY, size)
        slotted = RingWriter(self._ring).put(shown.shown)
        assert slotted is not None, "no more are under way than there are slots"
        return Shot(self._ring.shape, slotted, self._aspect(), sign)

    def _drop_ring(self) -> None:
        if self._ring is not None:
            self._ring.close()
            self._ring = None
