"""The handle of a capture process."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

from stream.capture.backoff import Backoff
from stream.capture.messages import (
    Hello,
    Lost,
    Missed,
    NoInput,
    Open,
    Outgrown,
    Over,
    Pictured,
    Warned,
    Word,
)
from stream.capture.options import CaptureOptions
from stream.capture.process import serve
from stream.child import Child
from stream.errors import SourceError, UnusableSourceError
from stream.frame import Frame
from stream.health import Event, Health, State
from stream.ring import Ring, RingReader
from stream.signal import Signal
from stream.source.arrival import CapturedPacket, GivenFormat
from stream.source.live import check_live

POLL_S = 0.1
"""How often a silent process is looked after."""

START_S = 60.0
"""What a process may take to be there on a machine that is busy."""

GRACE_S = 2.0
"""How much later than its own time limits a reader counts as hung."""

CLOSE_S = 1.9


class Capture:
    """One live source, read in a process of its own, watched, and opened again when it is lost.

    All three callbacks are called in the capture's own thread, in the order in which things
    happened. A slow callback delays what follows; frames that find the ring full meanwhile are
    dropped, and counted. A new segment is told by an event before its first frame, with `given`
    already changed. What a callback raises ends the capture, and is kept as `problem`.

    Attributes:
        name: of the source in messages, without secrets.
        problem: why it ended, where that is a fault or something for the user to mend.
    """

    def __init__(
        self,
        address: str,
        options: CaptureOptions,
        *,
        name: str,
        on_frame: Callable[[Frame], None],
        on_packet: Callable[[CapturedPacket], None] | None,
        on_event: Callable[[Event], None],
    ) -> None:
        """Prepare to capture; nothing is started yet.

        Args:
            address: of the source, as a user names it.
            options: what is asked of it.
            name: of the source in messages, without secrets.
            on_frame: gets every frame that came through; `index` counts frames that arrived, over
                reconnects, so that dropped ones leave a gap.
            on_packet: gets every compressed packet; None where nobody wants them.
            on_event: gets every change of state, every new segment and every lost attempt.

        Raises:
            SettingsError: the address makes no sense.
        """
        check_live(address)
        self.name = name
        self.problem: BaseException | None = None
        self._address, self._options = address, options
        self._on_frame, self._on_packet, self._on_event = on_frame, on_packet, on_event
        self._given: GivenFormat | None = None
        self._drops: Counter[str] = Counter()
        self._warned: dict[str, int] = {}
        self._warnings: Counter[str] = Counter()
        self._health = Health(time.monotonic(), options.patience)
        self._backoff = Backoff(options.restarts)
        self._ring: Ring | None = None
        self._child: Child | None = None
        self._frames = self._packets = 0
        self._open_at, self._began_at = 0.0, 0.0
        self._deadline: float | None = None
        self._waiting = self._hung = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"capture-{name}", daemon=True)

    def start(self) -> None:
        """Start the process; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """End the process, whatever it is doing; returns within 2 s, and nothing is called after.

        Must not be called from a callback.
        """
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)
            self.kill()

    def kill(self) -> None:
        """End the reading process at once, as a fault would; it is started again."""
        child = self._child
        if child is not None:
            child.kill()

    @property
    def state(self) -> State:
        """What the source is in."""
        return self._health.state

    @property
    def since(self) -> float:
        """Monotonic seconds since when."""
        return self._health.since

    @property
    def given(self) -> GivenFormat | None:
        """What the source really gives; None until the first picture."""
        return self._given

    @property
    def captured(self) -> int:
        """Frames that arrived, dropped ones too."""
        return self._frames

    @property
    def drops(self) -> Mapping[str, int]:
        """Frames that arrived and did not come through, by cause."""
        return dict(self._drops)

    @property
    def warnings(self) -> Mapping[str, int]:
        """What was wrong with what arrived, counted."""
        return dict(self._warnings)

    def _run(self) -> None:
        try:
            while self._goes_on():
                if not self._closing.wait(max(0.0, self._open_at - time.monotonic())):
                    self._attend()
        except BaseException as problem:
            self.problem = problem
            self._tell(self._health.ended(time.monotonic(), f"a fault of the program: {problem!r}"))
        finally:
            if self._ring is not None:
                self._ring.close()

    def _goes_on(self) -> bool:
        return self.state is not State.ENDED and not self._closing.is_set()

    def _attend(self) -> None:
        """One process from its start until it ends, or is ended."""
        if self._ring is not None:
            self._ring.clear()
        asked = self._options.asked
        child = self._child = Child(serve, self._address, asked, name=f"capture-{self.name}")
        self._waiting, self._hung, self._began_at = False, False, time.monotonic()
        self._deadline = self._began_at + START_S
        try:
            while self._goes_on():
                try:
                    if child.connection.poll(POLL_S):
                        self._hear(child.connection.recv())
                    else:
                        self._watch(child)
                except (EOFError, OSError):
                    break
        finally:
            self._child = None
            fate = child.end()
        if self._goes_on():
            self._lose("its reader hung, and was ended" if self._hung else f"its reader {fate}")

    def _watch(self, child: Child) -> None:
        """Nothing was heard for a moment."""
        now = time.monotonic()
        self._tell(self._health.passed(now))
        if self._waiting and now >= self._open_at:
            self._open(child, now)
        elif self._deadline is not None and now > self._deadline:
            self._hung = True
            child.kill()  # its pipe tells

    def _open(self, child: Child, now: float) -> None:
        ring = None if self._ring is None else self._ring.shape
        with suppress(OSError):  # it died: its pipe tells
            child.connection.send(Open(self._frames, self._packets, self._health.segment, ring))
        self._waiting, self._began_at = False, now
        self._deadline = now + self._options.asked.open_s + GRACE_S

    def _hear(self, word: Word) -> None:
        """What the process has to say, in order."""
        now = time.monotonic()
        match word:
            case Hello():
                self._waiting, self._deadline = True, None
            case Lost(reason, unusable):
                if unusable and not self._health.segment:
                    self._end(reason, UnusableSourceError(reason))
                else:
                    self._lose(reason)
            case Over():
                self._end("it came to its end")
            case _:
                self._deadline = now + self._options.asked.silent_s + GRACE_S
                self._take(word, now)

    def _take(self, word: Word, now: float) -> None:
        """What arrives while a source is open."""
        match word:
            case Pictured(slotted, signal):
                self._count(slotted.index, slotted.arrived_at, signal)
                assert self._ring is not None
                self._on_frame(RingReader(self._ring).take(slotted))
            case Missed(index, arrived_at, signal, cause):
                self._drops[cause] += 1
                self._count(index, arrived_at, signal)
            case CapturedPacket():
                self._packets = word.index + 1
                if self._on_packet is not None:
                    self._on_packet(word)
            case GivenFormat():
                self._begin(word, now)
            case Outgrown(slot_bytes):
                self._grow(slot_bytes)
            case NoInput(at):
                self._tell(self._health.pictured(at, Signal.NO_INPUT))
            case Warned(counts):
                for warning, times in counts.items():
                    self._warnings[warning] += times - self._warned.get(warning, 0)
                self._warned = counts

    def _count(self, index: int, arrived_at: float, signal: Signal) -> None:
        """A frame arrived."""
        self._frames = index + 1
        self._backoff.succeeded()
        self._tell(self._health.pictured(arrived_at, signal))

    def _begin(self, given: GivenFormat, now: float) -> None:
        """Another segment, or more known of this one."""
        fresh = self._given is None or self._given.segment != given.segment
        self._given = given
        if fresh:
            self._tell(self._health.began(now, str(given)))

    def _grow(self, slot_bytes: int) -> None:
        """Another ring; all that lay in the one before has been taken."""
        if self._ring is not None:
            self._ring.close()
        self._ring = Ring(self._options.ring_slots, slot_bytes)
        assert self._child is not None
        with suppress(OSError):
            self._child.connection.send(self._ring.shape)

    def _lose(self, reason: str) -> None:
        """Try again after a while, or give up."""
        now = time.monotonic()
        self._warned = {}
        open_at = self._backoff.next(self._began_at, now)
        if open_at is None:
            tries = self._options.restarts
            reason = f"given up after {tries} tries: {reason}" if tries else reason
            self._end(reason, SourceError(reason))
            return
        self._open_at, self._waiting, self._deadline = open_at, True, None
        self._tell(self._health.lost(now, reason))

    def _end(self, reason: str, problem: BaseException | None = None) -> None:
        self.problem = problem
        self._tell(self._health.ended(time.monotonic(), reason))

    def _tell(self, event: Event | None) -> None:
        if event is not None:
            self._on_event(event)
