"""The handle of the engine's process in the main process."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from nets.errors import DivergentError, EngineError
from stream.child import Child, Faulted, Said
from stream.frame import Frame
from stream.inference.answer import Answer, EngineEvent, EngineFacts, Happening, InferenceSettings
from stream.inference.messages import Answered, Message, Ready, Refused, Request
from stream.inference.serving import Opener, open_asked, serve
from stream.ring import Ring, RingWriter, Slotted, bytes_of

OPENING_S = 900.0
"""What an engine may take to open: a first conversion on a slow machine takes minutes."""

PERIODS_TO_HANG = 10
"""An engine that takes so many times its own period hangs."""

WATCH_EVERY_S = 0.05

PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Before the engine is started again, the first time, the second ... and from then on."""

STEADY_S = 60.0
"""An engine that ran for so long begins with the first pause again."""

ENDS_WITHIN_S = 1.5


class InferenceProcess:
    """An engine in a process of its own: watched, ended when it hangs, and started again.

    One batch at a time is under way. `on_answer` and `on_event` are called on a thread of this
    class, `on_free` too: the engine waits for frames.

    Attributes:
        facts: what the engine is; None while it is not there.
        problem: why there never was one, where a user can mend it.
    """

    def __init__(
        self,
        settings: InferenceSettings,
        *,
        on_answer: Callable[[Answer], None],
        on_event: Callable[[EngineEvent], None],
        on_free: Callable[[], None] = lambda: None,
        opener: Opener = open_asked,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            settings: what runs.
            on_answer: gets every answer.
            on_event: gets what happens to the engine.
            on_free: told when frames may be submitted.
            opener: opens the engine in its process.
        """
        self._settings, self._opener = settings, opener
        self._on_answer, self._on_event, self._on_free = on_answer, on_event, on_free
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._ring: Ring | None = None
        self._deadline = math.inf
        self._busy = False
        self._hung = ""
        self._ran = ""
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in ((self._run, "inference"), (self._watch, "inference watch"))
        ]
        self.facts: EngineFacts | None = None
        self.problem: DivergentError | None = None

    def start(self) -> None:
        """Start the process; returns at once."""
        for thread in self._threads:
            thread.start()

    @property
    def doing(self) -> str:
        """What the engine is, or what is being done to have it, for people."""
        if self.facts is not None or (self._ran and self._closing.is_set()):
            return self._ran
        return "restarting" if self._ran else "starting"

    @property
    def free(self) -> bool:
        """Whether the engine waits for frames."""
        return self.facts is not None and not self._busy

    def submit(self, frames: Sequence[tuple[str, Frame]]) -> bool:
        """Have frames answered, each with its room; a room may have several, in order.

        Returns:
            False where the engine is busy or not there: nothing was submitted.

        Raises:
            SharedMemoryError: there is too little memory to hand frames over.
        """
        with self._lock:
            child = self._child
            if not self.free or child is None or not frames:
                return False
            ring = self._ring_for([frame for _, frame in frames])
            writer = RingWriter(ring)
            slotted = tuple((room, _put(writer, frame)) for room, frame in frames)
            try:
                child.connection.send(Request(ring.shape, slotted))
            except OSError:  # it died: whoever listens to it knows
                return False
            self._busy = True
            self._allow(max(self._settings.hang_s, PERIODS_TO_HANG * self._period_s()))
            return True

    def kill(self) -> None:
        """End the engine's process at once, as a fault would; it is started again."""
        with self._lock:
            if self._child is not None:
                self._child.kill()

    def close(self) -> None:
        """End the process, whatever it does, within 2 s."""
        self._closing.set()
        self.kill()
        until = time.monotonic() + ENDS_WITHIN_S
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))
        with self._lock:
            if self._ring is not None:
                self._ring.close()
                self._ring = None

    def _run(self) -> None:
        """Start the process, listen to it until it ends, and again."""
        losses = 0
        while not self._closing.is_set():
            began = time.monotonic()
            fate = self._live_once()
            if self._closing.is_set():
                return
            if self.problem is not None:
                self._tell("refused", str(self.problem))
                return
            losses = 1 if time.monotonic() - began > STEADY_S else losses + 1
            pause_s = PAUSES_S[min(losses, len(PAUSES_S)) - 1]
            self._tell("lost", f"the engine {fate}: it is started again in {pause_s:g} s")
            self._closing.wait(pause_s)

    def _live_once(self) -> str:
        """One process from its start to its end; how it ended, in words."""
        child = Child(serve, self._settings, self._opener, name="inference")
        with self._lock:
            self._child, self._hung = child, ""
            self._allow(OPENING_S)
        if self._closing.is_set():
            child.kill()
        fault = ""
        with suppress(EOFError, OSError):
            while True:
                fault = self._hear(child.connection.recv()) or fault
        with self._lock:
            self._child, self.facts, self._busy = None, None, False
            self._deadline = math.inf
            hung = self._hung
        fate = child.end()
        if self._ring is not None:
            self._ring.clear()
        return hung or fault or fate

    def _hear(self, message: Message) -> str:
        """Do what a message asks for; words for the end that it announces."""
        match message:
            case Answered():
                self._now_free()
                for answer in message.answers:
                    self._on_answer(answer)
                for room, line in message.problems:
                    self._tell("said", f"{room}: {line}")
            case Said(line):
                self._tell("said", line)
            case Ready(facts):
                self.facts, self._ran = facts, f"{facts.name}, {facts.runs_on}"
                self._tell("ready", f"{facts.name} on {facts.runs_on}")
                self._now_free()
            case Refused(problem):
                if not self._ran:
                    self.problem = problem
                return f"cannot be opened again ({problem})"
            case Faulted(line):
                return f"raised {line}"
        return ""

    def _now_free(self) -> None:
        with self._lock:
            self._busy = False
            self._deadline = math.inf
        self._on_free()

    def _watch(self) -> None:
        """End a process that takes too long."""
        while not self._closing.wait(WATCH_EVERY_S):
            with self._lock:
                if self._child is not None and time.monotonic() > self._deadline:
                    self._deadline = math.inf
                    doing = "answered" if self.facts is not None else "opened"
                    self._hung = f"has not {doing} for {self._allowed_s:.1f} s"
                    self._child.kill()

    def _allow(self, seconds: float) -> None:
        """What is asked now has to be done in so many seconds."""
        self._allowed_s = seconds
        self._deadline = time.monotonic() + seconds

    def _period_s(self) -> float:
        return self.facts.period_s if self.facts is not None else 0.0

    def _ring_for(self, frames: Sequence[Frame]) -> Ring:
        """The ring, made anew where frames have outgrown it.

        The process is idle here: it holds the ring before, or none at all.
        """
        largest = max(bytes_of(frame.picture) for frame in frames)
        ring = self._ring
        if ring is None or ring.shape.slots < len(frames) or ring.shape.slot_bytes < largest:
            slots, size = max(len(frames), self._settings.pictures), largest
            if ring is not None:
                slots, size = max(slots, ring.shape.slots), max(size, ring.shape.slot_bytes)
                ring.close()
            self._ring = None
            ring = self._ring = Ring(slots, size)
        return ring

    def _tell(self, kind: Happening, line: str) -> None:
        self._on_event(EngineEvent(time.monotonic(), kind, line))


def _put(writer: RingWriter, frame: Frame) -> Slotted:
    slotted = writer.put(frame)
    if slotted is None:
        raise EngineError("the engine's ring is full")  # each batch hands all its slots back
    return slotted
