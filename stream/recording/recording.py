"""The recorder of one room: on and off at any time, and never in the way of the picture."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Literal

from stream.health import Event
from stream.parameters import StreamParameters
from stream.recording.arrivals import Arrivals
from stream.recording.clock import COARSEST
from stream.recording.copied import can_be_copied
from stream.recording.disk import DiskGuard, free_bytes
from stream.recording.finisher import Finisher
from stream.recording.keyframes import SinceKeyframe
from stream.recording.options import About, RecordingOptions
from stream.recording.queue import ByteQueue
from stream.recording.segments import SUFFIX
from stream.recording.shown import ShownFrame
from stream.recording.take import Mark, Take
from stream.ring import bytes_of
from stream.source.arrival import CapturedPacket, GivenFormat
from stream.source.opening import USUAL_RATE
from stream.stats import RecorderFigures

QUEUE_FULL = "the recorder's queue was full"

FOR_PACKETS = 8
"""One part in so many of the queue is kept for packets: of frames that wait, only some are lost,
but of packets all until the next keyframe."""

TOO_SLOW = (
    "the recorder is too slow and loses frames: record the clean or the annotated picture alone, "
    "or choose a faster --preset"
)

CALM_AGAIN = 2
"""After losses the alarm is raised anew once less than this part of the queue is used."""

POLL_S = 0.2

WRITE_AFTERWARDS_S, FINISH_AFTERWARDS_S = 1.0, 5.0
"""What may be taken when all that waits is given up, by the write that is under way, and to give
files their names: a disk that hangs must not keep the program from ending."""

ENDED_BEFORE = "the program was ended before they were written"

END: Literal["end"] = "end"
"""Behind the last item of a recording."""

Item = ShownFrame | CapturedPacket | GivenFormat | Event | Mark | Literal["end"]


class LiveRecording:
    """Records one room whenever it is told to.

    `change`, `offer_packet` and `offer` are called in the order in which things arrived, by one
    thread; all else by any. Every method but `close` returns at once: files are opened, written
    and finished by threads and processes of the recorder's own. Frames that are being offered
    are either in the files or counted as lost with the reason.

    Attributes:
        failed: a recording could not go on to its own end: the disk was full, or failed.
    """

    def __init__(
        self,
        options: RecordingOptions,
        *,
        room: str = "",
        about: Callable[[], About] = About,
        tell: Callable[[str], None] = lambda line: None,
        warn: Callable[[str], None] = lambda warning: None,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """Stand by; nothing is recorded yet.

        Args:
            options: what is recorded, and how.
            room: part of the files' names where there are several rooms.
            about: tells of the run; asked when a recording ends.
            tell: told a line of each recording's beginning, and of what it holds in the end.
            warn: told at once what a user has to know, a line each; from any thread.
            free: tells the free bytes of a folder's disk.
        """
        self._options, self._room, self._about = options, room, about
        self._tell, self._warn, self._free = tell, warn, free
        self._queue: ByteQueue[tuple[Take, Item]] = ByteQueue(options.queue_bytes)
        self._lock = threading.Lock()
        self._take: Take | None = None
        self._reported: Take | None = None
        self._guard = self._new_guard()
        self._given: GivenFormat | None = None
        self._copies = False
        self._since_keyframe = SinceKeyframe()
        self._arrivals = Arrivals()
        self._newest = self._written = 0.0
        self._alarmed = self.failed = False
        self._closing, self._giving_up = threading.Event(), threading.Event()
        self._finisher = Finisher(f"finisher-{room}", warn)
        self._writer = threading.Thread(target=self._run, name=f"recorder-{room}", daemon=True)
        self._writer.start()

    @property
    def is_recording(self) -> bool:
        """Whether frames that are offered now are recorded."""
        return self._take is not None

    @property
    def name(self) -> str:
        """Of the recording that goes on; its files' names begin with it. Empty without one."""
        take = self._take
        return "" if take is None else take.name

    def start(self, label: str = "") -> bool:
        """Begin a recording; what cannot be written is told by `warn`.

        Args:
            label: of the case, for the files' names; never a patient's name.

        Returns:
            Whether it was begun: not where one goes on already.
        """
        with self._lock:
            if self._take is not None:
                return False
            self._guard = self._new_guard()
            take = Take(
                label,
                self._room,
                self._options,
                guard=self._guard,
                parameters=self._parameters,
                finisher=self._finisher,
                about=self._about,
                tell=self._tell,
                warn=self._warn,
            )
            self._take = self._reported = take
            self._newest = self._written = 0.0
            if self._given is not None:
                self._queue.put((take, self._given))
            for packet in self._since_keyframe.packets:
                self._put_packet(take, packet)
        return True

    def stop(self) -> bool:
        """End the recording; it is finished in the background.

        Returns:
            Whether there was one.
        """
        take = self._take
        return take is not None and self._let_go(take)

    def bookmark(self, note: str = "") -> bool:
        """Mark this moment; tells whether there is a recording to mark it in."""
        with self._lock:
            if self._take is None:
                return False
            self._queue.put((self._take, Mark(datetime.now().astimezone(), note)))
        return True

    def change(self, given: GivenFormat) -> None:
        """What comes next is in another format, or of another connection."""
        options = self._options
        copies = options.clean and not options.redact and can_be_copied(given, SUFFIX)
        with self._lock:
            self._given, self._copies = replace(given, has_packets=copies), copies
            if self._take is not None:
                self._queue.put((self._take, self._given))

    def note(self, event: Event) -> None:
        """The source is in another state: the recording tells when and why."""
        with self._lock:
            if self._take is not None:
                self._queue.put((self._take, event))

    def offer_packet(self, packet: CapturedPacket) -> None:
        """Take a compressed packet of the source."""
        with self._lock:
            if not self._copies:
                return
            self._since_keyframe.add(packet)
            if self._take is not None:
                self._put_packet(self._take, packet)

    def offer(self, seen: ShownFrame) -> None:
        """Take a frame as it was shown."""
        frame, shown = seen.frame, seen.shown
        size = bytes_of(frame.picture) + (0 if shown is frame else bytes_of(shown.picture))
        with self._lock:
            self._arrivals.add(frame.arrived_at)
            take = self._take
            if take is None:
                return
            take.ledger.offered(frame.index)
            self._newest = frame.arrived_at
            self._written = self._written or frame.arrived_at
            kept = self._options.queue_bytes // FOR_PACKETS if self._copies else 0
            if self._queue.put((take, seen), size, keep_free=kept):
                self._calm_down()
                return
        take.ledger.lose(frame.index, QUEUE_FULL)
        self._alarm(take)

    def figures(self, now: float) -> RecorderFigures | None:
        """How the latest recording does, or did; None before the first one.

        Args:
            now: monotonic seconds.
        """
        with self._lock:
            take = self._reported
            if take is None:
                return None
            return RecorderFigures(
                name=take.name,
                recording=take is self._take,
                failed=take.has_failed,
                seconds=take.lasted(now),
                fps=take.ledger.rate.per_second(now),
                lag_s=max(self._newest - self._written, 0.0),
                queue_bytes=self._queue.bytes,
                disk_minutes=self._guard.minutes,
                captured=take.ledger.captured,
                recorded=take.ledger.recorded,
                lost=take.ledger.losses,
            )

    def close(self, patience_s: float | None = None, write_s: float | None = None) -> None:
        """End the recording and wait until all is finished.

        Args:
            patience_s: how long finishing may take its time, when all is written; what is left
                to do then takes the shortest way. None: as long as it takes.
            write_s: how long writing what waits may take; what waits then is lost, and told.
                None: as long as it takes.
        """
        self.stop()
        self._closing.set()
        self._writer.join(write_s)
        if self._writer.is_alive():
            self.hurry()
            self._writer.join(WRITE_AFTERWARDS_S)
        if not self._finisher.wait(patience_s):
            self._finisher.hurry()
            self._finisher.wait(FINISH_AFTERWARDS_S)

    def hurry(self) -> None:
        """Take the shortest way from now on, also where `close` waits already."""
        self._giving_up.set()
        self._finisher.hurry()

    def _new_guard(self) -> DiskGuard:
        options = self._options
        return DiskGuard(options.folder, margin_bytes=options.margin_bytes, free=self._free)

    def _parameters(self) -> StreamParameters:
        """What the source says of its pictures, with the rate at which they really come."""
        given = self._given
        said = given.parameters if given else StreamParameters(Fraction(1, COARSEST), USUAL_RATE)
        return replace(said, rate=self._arrivals.expected(given.rate if given else None))

    def _put_packet(self, take: Take, packet: CapturedPacket) -> None:
        take.packets.offered(packet.index)
        if not self._queue.put((take, packet), len(packet.content)):
            take.packets.lose(packet.index, QUEUE_FULL)
            self._alarm(take)

    def _let_go(self, take: Take) -> bool:
        """Let nothing more come to a recording; its end is behind all that came."""
        with self._lock:
            if self._take is not take:
                return False
            self._take = None
            take.stopped()
            self._queue.put((take, END))
        return True

    def _alarm(self, take: Take) -> None:
        """Frames are being lost: say so, once until it is over."""
        if not self._alarmed:
            self._alarmed = True
            said = TOO_SLOW in take.warnings.counts
            take.warnings.add(TOO_SLOW)  # says it the first time
            if said:
                self._warn(TOO_SLOW)

    def _calm_down(self) -> None:
        if self._alarmed and self._queue.bytes * CALM_AGAIN < self._options.queue_bytes:
            self._alarmed = False

    def _run(self) -> None:
        """The writer's thread."""
        while not (self._closing.is_set() and self._take is None and self._queue.is_empty):
            waiting = self._queue.get(POLL_S)
            if waiting is None:
                continue
            take, item = waiting
            self._write(take, item)
            if take.over is not None:
                self.failed |= take.has_failed
                self._let_go(take)

    def _write(self, take: Take, item: Item) -> None:
        if self._giving_up.is_set():
            take.give_up(ENDED_BEFORE)
        match item:
            case CapturedPacket():
                take.write_packet(item)
            case GivenFormat():
                take.change(item)
            case Mark():
                take.mark(item)
            case Event():
                take.note(item)
            case "end":
                take.end()
            case _:
                take.write(item)
                self._written = item.frame.arrived_at
