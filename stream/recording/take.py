"""One recording from its start to its stop. All of it on the writer's thread but where told."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from nets.errors import DivergentError
from stream.errors import SinkError
from stream.health import Event
from stream.parameters import StreamParameters
from stream.recording.account import Account, write_account
from stream.recording.bookmarks import Bookmark, write_bookmarks
from stream.recording.clock import Clock, unit_of
from stream.recording.disk import DiskGuard
from stream.recording.ending import Ended
from stream.recording.findings import Findings
from stream.recording.finisher import Finisher
from stream.recording.ledger import Ledger
from stream.recording.names import base_name, reserve
from stream.recording.naming import Naming
from stream.recording.opened import Opened
from stream.recording.options import About, RecordingOptions
from stream.recording.pictures import Pictures
from stream.recording.shown import ShownFrame
from stream.source.arrival import CapturedPacket, GivenFormat
from stream.tally import Tally

ACCOUNT = ".segments.json"

DISK_ALMOST_FULL = "the disk is almost full"
FAILED = "the recording failed"
STOPPED = "the recording was stopped"
"""Why frames are lost that came after a recording's early end."""

MENDED = "the source's times did not go on: those of arrival decide"


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody marked this moment.

    Attributes:
        marked: local time.
        note: what was said of it.
    """

    marked: datetime
    note: str


class Take:
    """Writes what it is given; its files are opened with the first picture.

    Attributes:
        ledger: of the frames; other threads may use it.
        packets: of the source's own packets; the same.
        warnings: what was not as it should be.
        over: why it takes nothing more; None while it does.
    """

    def __init__(
        self,
        label: str,
        room: str,
        options: RecordingOptions,
        *,
        guard: DiskGuard,
        parameters: Callable[[], StreamParameters],
        finisher: Finisher,
        about: Callable[[], About],
        tell: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        """Begin; nothing is written yet.

        Args:
            label: of the case.
            room: part of the name where there are several.
            options: what is recorded, and how.
            guard: of the disk.
            parameters: tells what the source says of its pictures, and the rate to expect.
            finisher: finishes files, and in the end the recording.
            about: tells of the run.
            tell: told of the beginning and of the end.
            warn: told at once what is not as it should be.
        """
        self.ledger, self.packets = Ledger(), Ledger()
        self.warnings = Tally(warn)
        self.over: str | None = None
        self._label, self._room, self._options = label, room, options
        self._guard, self._parameters, self._finisher = guard, parameters, finisher
        self._about, self._tell = about, tell
        self._started = datetime.now().astimezone()
        self._began_at: float | None = None
        self._ended_at: float | None = None
        self._given: GivenFormat | None = None
        self._opened: Opened | None = None
        self._bookmarks: list[Bookmark] = []
        self._latest: tuple[float, int] | None = None

    @property
    def name(self) -> str:
        """Of the recording, which its files' names begin with; empty before the first picture."""
        return self._opened.base.name if self._opened else ""

    @property
    def has_failed(self) -> bool:
        """Whether it ended before it was told to."""
        return self.over in (FAILED, DISK_ALMOST_FULL)

    def lasted(self, now: float) -> float:
        """Seconds from the first picture to now, or to the end; from any thread.

        Args:
            now: monotonic seconds.
        """
        began = self._began_at
        return 0.0 if began is None else max((self._ended_at or now) - began, 0.0)

    def stopped(self) -> None:
        """Nothing more is offered from now on; from any thread."""
        self._ended_at = time.monotonic()

    def change(self, given: GivenFormat) -> None:
        """The source gives something else from now on."""
        self._given = given
        self._attempt(lambda: self._change(given))

    def write(self, seen: ShownFrame) -> None:
        """Record a frame, or tell the ledger why not."""
        lost = self._attempt(lambda: self._write(seen))
        if lost is not None:
            self.ledger.lose(seen.frame.index, lost)

    def write_packet(self, packet: CapturedPacket) -> None:
        """Record a packet, or tell the ledger why not."""
        lost = self._attempt(lambda: self._write_packet(packet))
        if lost is not None:
            self.packets.lose(packet.index, lost)

    def mark(self, mark: Mark) -> None:
        """Bookmark the newest frame."""
        opened = self._opened
        if self._latest is None or opened is None or self.over is not None:
            return
        self._bookmarks.append(Bookmark(*self._latest, mark.marked, mark.note))
        path, known = opened.beside(".bookmarks.json"), tuple(self._bookmarks)
        self._finisher.put(lambda apart: write_bookmarks(path, known, recording=opened.base.name))

    def note(self, event: Event) -> None:
        """The source changed its state."""
        opened = self._opened
        if opened is not None and self.over is None:
            seconds = float(opened.clock.since_start(event.at))
            reason = "" if self._options.redact else event.reason  # it may name the source
            opened.account.note(seconds, str(event.state), reason)

    def give_up(self, reason: str) -> None:
        """Take nothing more; what was written is whole."""
        self._close(reason)

    def end(self) -> None:
        """Close all files, and have the recording finished in the background; the last call."""
        self._close(STOPPED)
        if self._opened is not None:
            self._leave(self._opened)
        elif self.over == STOPPED:
            self._tell("nothing was recorded: no picture came")

    def _attempt(self, work: Callable[[], str | None]) -> str | None:
        """Do something that may fail, which ends this recording and nothing else.

        Args:
            work: tells why nothing came of it, or None.
        """
        if self.over is not None:
            return self.over
        try:
            return work()
        except DivergentError as problem:
            self._fail(str(problem))
        except Exception as problem:
            self._fail(f"the recording failed: {problem!r}")
        return self.over

    def _fail(self, problem: str) -> None:
        """Keep what there is, and take nothing more."""
        self.over = FAILED
        self.warnings.add(f"{problem}: nothing is recorded from now on")
        if self._opened is not None:
            self._opened.pictures.abort()

    def _close(self, reason: str) -> None:
        """Take nothing more; all files are whole, if they can be."""
        if self.over is not None:
            return
        self.over = reason
        if self._opened is not None:
            for problem in self._opened.pictures.close():
                self.warnings.add(problem)

    def _change(self, given: GivenFormat) -> None:
        if self._opened is not None:
            self._opened.pictures.change(given)

    def _write(self, seen: ShownFrame) -> str | None:
        """Record a frame; tells why it is not recorded, or None."""
        opened = self._open(seen.frame.time_base, seen.frame.arrived_at)
        written = opened.pictures.write_frame(seen)
        if isinstance(written, str):
            return written
        frame, segment = written
        opened.findings.write(frame, seen, segment)
        self._latest = float(frame.seconds), frame.index
        now = time.monotonic()
        self.ledger.record(frame.index, float(frame.seconds), now)
        self._write_segments(opened)
        self._look_after_disk(opened, now)
        return None

    def _write_packet(self, packet: CapturedPacket) -> str | None:
        """Record a packet; tells why it is not recorded, or None."""
        opened = self._open(packet.time_base, packet.arrived_at)
        written = opened.pictures.write_packet(packet)
        if isinstance(written, str):
            return written
        self.packets.record(packet.index, written, time.monotonic())
        return None

    def _open(self, time_base: Fraction, arrived_at: float) -> Opened:
        """The files, from the first picture on."""
        if self._opened is not None:
            return self._opened
        folder = self._options.folder
        if not self._guard.has_room():
            raise SinkError(f"{folder}: {self._guard.shortage}")
        base = reserve(folder, base_name(self._label, self._started, self._room), ACCOUNT)
        clock = Clock(unit_of(time_base), arrived_at)
        pictures = Pictures(
            base,
            clock,
            self._options,
            parameters=self._parameters,
            closed=lambda file: self._finisher.put(Naming(file, clock.unit, self._guard)),
            warnings=self.warnings,
        )
        if self._given is not None:
            pictures.change(self._given)
        table = base.with_name(f"{base.name}.frames.csv")
        self._began_at = time.monotonic()
        self._tell(f"recording {base}")
        self._opened = Opened(
            base,
            clock,
            pictures,
            Findings(table, self._options),
            Account(
                base.name,
                self._label,
                self._room,
                clock.unit,
                self._started,
                self.ledger,
                self.packets,
            ),
        )
        return self._opened

    def _write_segments(self, opened: Opened) -> None:
        """Write down what there is each time a segment has begun."""
        segments = opened.pictures.segments.all
        if len(segments) == opened.told:
            return
        opened.told = len(segments)
        path = opened.beside(ACCOUNT)
        account = opened.account
        self._finisher.put(lambda apart: write_account(path, account.values(segments, ended=None)))

    def _look_after_disk(self, opened: Opened, now: float) -> None:
        """Stop while there is still room to close everything properly."""
        guard = self._guard
        if not guard.is_due(now):
            return
        warning = guard.look(now, opened.pictures.written)
        if warning is not None:
            self.warnings.add(warning)
        if guard.is_full:
            self.warnings.add(f"{self._options.folder}: {guard.shortage}")
            self._close(DISK_ALMOST_FULL)

    def _leave(self, opened: Opened) -> None:
        """Hand all that is left to do to the finisher."""
        opened.settle_accounts(FAILED)
        if opened.pictures.mended:
            self.warnings.add(MENDED, opened.pictures.mended)
        ended = Ended(
            opened.base,
            opened.account,
            opened.pictures.segments.all,
            opened.findings,
            self._bookmarks,
            self._options,
            self._about,
            self.warnings,
            datetime.now().astimezone(),
        )
        for job in ended.jobs():
            self._finisher.put(job)
        line = f"recorded {opened.base}: {self.ledger.in_words()}"
        self._finisher.put(lambda apart: self._tell(line))
