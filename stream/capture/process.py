"""The capture process: opens a source when it is told to, and hands on all that arrives."""

import os
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue

from nets.errors import DivergentError
from stream.capture.messages import (
    Hello,
    Lost,
    Missed,
    NoInput,
    Open,
    Order,
    Outgrown,
    Over,
    Pictured,
    Warned,
    Word,
)
from stream.capture.outbox import Outbox
from stream.errors import SettingsError, SourceError, UnusableSourceError
from stream.frame import Frame
from stream.ring import RingShape, RingWriter, Slotted, bytes_of
from stream.signal import CODED, EXACT, Signal, SignalWatch
from stream.source.arrival import Arrival, CapturedPacket, GivenFormat, LiveSource
from stream.source.asked import Asked
from stream.source.live import open_live
from stream.tally import Tally

RING_WITHIN_S = 2.0
"""How long a frame waits for a larger ring."""

WAITS_S = 0.5
"""How long frames of one connection wait for slots in all: what came while FFmpeg looked at the
stream comes all at once, and a parent that is late then would lose some. One that stays slow
loses frames all the same, instead of falling behind."""

RING_FULL = "ring full"
NO_RING = "no ring"

CLOSE_WITHIN_S = 0.4
"""What a source may take to say goodbye to its sender when the parent hangs up."""

LOOK_EVERY_S = 0.1
"""Between two looks at a picture: what changes has to last longer anyway."""

EACH_BY_ITSELF = ("rawvideo", "wrapped_avframe", "mjpeg", "synthetic")
"""Codecs in which the same picture becomes the same samples."""

ASK_DRIVER_EVERY_S = 0.3
"""Oftener than a source without pictures becomes STALLED, so that it stays NO SIGNAL."""

WARN_EVERY_S = 1.0


def serve(connection: "Connection[Word, Order]", address: str, asked: Asked) -> None:
    """A capture process's whole life: it ends when its parent hangs up, or is ended."""
    outbox = Outbox(connection)
    orders: SimpleQueue[Order] = SimpleQueue()
    reader = _Reader(address, asked, outbox, orders)
    threading.Thread(target=_listen, args=(connection, orders, reader), daemon=True).start()
    outbox.put(Hello())
    while True:
        order = orders.get()
        if isinstance(order, Open):
            outbox.put(reader.read(order))


def _listen(
    connection: "Connection[Word, Order]", orders: "SimpleQueue[Order]", reader: "_Reader"
) -> None:
    try:
        while True:
            orders.put(connection.recv())
    except (EOFError, OSError):
        reader.closing.set()
        reader.closed.wait(CLOSE_WITHIN_S)
        os._exit(0)


class _Reader:
    """Reads the source, one connection after another.

    Attributes:
        closing: set where it shall stop.
        closed: set where no source is open.
    """

    def __init__(
        self, address: str, asked: Asked, outbox: Outbox, orders: "SimpleQueue[Order]"
    ) -> None:
        self.closing, self.closed = threading.Event(), threading.Event()
        self.closed.set()
        self._address, self._asked, self._outbox, self._orders = address, asked, outbox, orders
        self._writer: RingWriter | None = None
        self._unplugged, self._waits_s = False, 0.0
        self._watch, self._seen, self._looked_at = SignalWatch(), Signal.PICTURE, 0.0

    def read(self, order: Open) -> Word:
        """Open the source, hand on all that arrives, and tell how it ended."""
        if self._writer is None and order.ring is not None:
            self._writer = RingWriter(order.ring)
        warnings, self._warned_at = Tally(), 0.0
        self._waits_s = WAITS_S
        self._looked_at = 0.0
        self.closed.clear()
        source = None
        try:
            source = open_live(self._address, self._asked, warnings)
            self._ask_driver(source)
            for arrival in source:
                self._hand_on(arrival, order)
                self._warn(warnings)
                if self.closing.is_set():
                    break
        except (UnusableSourceError, SettingsError) as problem:
            return Lost(str(problem), unusable=True)
        except (SourceError, DivergentError) as problem:
            return Lost(str(problem), unusable=False)
        finally:
            if source is not None:
                source.close()
            self.closed.set()
        return Over()

    def _hand_on(self, arrival: Arrival, order: Open) -> None:
        """One arrival, numbered as the parent counts."""
        match arrival:
            case GivenFormat():
                self._watch = SignalWatch(EXACT if arrival.codec in EACH_BY_ITSELF else CODED)
                segment = order.segment + arrival.segment
                self._outbox.put(replace(arrival, segment=segment))
            case CapturedPacket():
                segment = order.segment + arrival.segment
                index = order.packet + arrival.index
                self._outbox.put(replace(arrival, index=index, segment=segment))
            case Frame():
                numbered = replace(arrival, index=order.frame + arrival.index)
                self._show(numbered, self._look(arrival))

    def _look(self, frame: Frame) -> Signal:
        """What the latest picture looked like when it was looked at."""
        if self._unplugged:
            return Signal.NO_INPUT
        if frame.arrived_at - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = frame.arrived_at
            self._seen = self._watch.look(frame.picture)
        return self._seen

    def _show(self, frame: Frame, signal: Signal) -> None:
        """Put a frame into the ring, or say that it was missed."""
        writer = self._writer_for(frame)
        slotted = None if writer is None else self._put(writer, frame)
        if slotted is not None:
            self._outbox.put(Pictured(slotted, signal))
            return
        cause = NO_RING if writer is None else RING_FULL
        self._outbox.put(Missed(frame.index, frame.arrived_at, signal, cause))

    def _put(self, writer: RingWriter, frame: Frame) -> Slotted | None:
        """Put a frame into a slot, and wait for one where there is time left to wait."""
        began = time.monotonic()
        slotted = writer.put(frame, began + self._waits_s)
        self._waits_s = max(0.0, self._waits_s - (time.monotonic() - began))
        return slotted

    def _writer_for(self, frame: Frame) -> RingWriter | None:
        """A ring that the frame fits into; the parent makes it where there is none yet."""
        if self._writer is not None and self._writer.shape.fits(frame.picture):
            return self._writer
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._outbox.put(Outgrown(bytes_of(frame.picture)))
        try:
            order = self._orders.get(timeout=RING_WITHIN_S)
        except Empty:
            return None
        assert isinstance(order, RingShape)  # nothing else is sent while a source is open
        self._writer = RingWriter(order)
        return self._writer

    def _warn(self, warnings: Tally) -> None:
        now = time.monotonic()
        counts = warnings.counts
        if counts and now - self._warned_at >= WARN_EVERY_S:
            self._warned_at = now
            self._outbox.put(Warned(counts))

    def _ask_driver(self, source: LiveSource) -> None:
        """Where a driver knows whether there is a signal, go on asking it, beside the reading."""
        self._unplugged = False
        if source.is_connected() is None:
            return

        def ask() -> None:
            while not self.closed.wait(ASK_DRIVER_EVERY_S):
                self._unplugged = source.is_connected() is False
                if self._unplugged:
                    self._outbox.put(NoInput(time.monotonic()))

        threading.Thread(target=ask, name="driver", daemon=True).start()
