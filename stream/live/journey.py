"""The live journey: every source shown at once, all day, with the newest masks on it.

    capture ─▶ room ─▶ shown ─▶ branches: recorder · publisher ...
                │ newest frame  ▲       screens: window · preview ...
                ▼               │ newest mask
               engine, one for all rooms

Each source is read in a process of its own, and the engine runs in one: what hangs there is
ended and started again, and the picture goes on (`stream.capture`, `stream.inference`). What
a run has beside, a window or a recorder, is fitted to it (`stream.live.command`).
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from nets.errors import DivergentError
from stream.capture import Capture, CaptureOptions
from stream.errors import SourceError
from stream.health import Event, State
from stream.inference import (
    Answer,
    EngineEvent,
    EngineFacts,
    InferenceProcess,
)
from stream.live.asking import asked_of_engine, asked_of_sources
from stream.live.figures import room_figures
from stream.live.names import names_of
from stream.live.room import Room
from stream.live.settings import LiveSettings
from stream.live.sync import SyncRoom
from stream.live.ticks import Ticks, gatherer
from stream.recording import LiveRecording
from stream.source.arrival import CapturedPacket
from stream.stats import LiveFigures, RecorderFigures
from stream.threads import SteadyThread

MOMENT_S = 0.05
"""How often the main thread looks whether all is well."""

SECOND_S = 1.0

START_S = 60.0
"""A run's duration counts from when pictures and the engine are there; from here at the latest."""

WARNINGS_KEPT = 20

SLOW_SHARE = 0.5
"""Of the masks' greatest age: an engine that takes longer for one batch leaves no time to wait
for it, and masks come and go."""


class Journey:
    """Live sources on their way to whoever shows and records them; a context manager.

    Attributes:
        rooms: one a source, in the order they were given.
        captures: of the rooms.
        inference: the engine.
        engine: what runs in it, or ran latest; None before it was ever ready.
        recorders: of the rooms that have one, by name.
        warnings: for people, the newest last.
        listeners: get a line for people whenever something happens, on any thread.
        observers: get the figures of each second, on the main thread. To both, and to what rooms
            show on, is added before the run starts.
        additions: each puts into the figures what it knows.
    """

    def __init__(self, addresses: Sequence[str], settings: LiveSettings) -> None:
        """Put everything together; nothing is started yet.

        Args:
            addresses: of the sources, as a user names them.
            settings: how they are shown.

        Raises:
            SettingsError: an address makes no sense.
        """
        self._settings = settings
        self.engine: EngineFacts | None = None
        self.recorders: dict[str, LiveRecording] = {}
        self.listeners: list[Callable[[str], None]] = []
        self.observers: list[Callable[[LiveFigures], None]] = []
        self.additions: list[Callable[[LiveFigures], LiveFigures]] = []
        self._ending = False
        self._began = time.monotonic()
        self._flowing: float | None = None
        self.warnings: deque[str] = deque(maxlen=WARNINGS_KEPT)
        names = names_of(addresses)
        self.inference = InferenceProcess(
            asked_of_engine(settings, names),
            on_answer=self._answer,
            on_event=self._engine_changed,
            on_free=self._wake,
        )
        make = SyncRoom if settings.sync else Room
        self.rooms: list[Room | SyncRoom] = [
            make(name, settings, wake=self._wake) for name in names
        ]
        self._by_name = {room.name: room for room in self.rooms}
        self._ticks = Ticks(gatherer(self.rooms), self.inference)
        self.captures = [
            Capture(
                address,
                CaptureOptions(asked_of_sources(settings)),
                name=room.name,
                on_frame=room.take,
                on_packet=self._packets_of(room),
                on_event=self._changes_of(number),
            )
            for number, (address, room) in enumerate(zip(addresses, self.rooms, strict=True))
        ]

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self.inference.start()
        self._ticks.start()
        for capture in self.captures:
            capture.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything, whatever it does, within 2 s."""
        ends = [*(capture.close for capture in self.captures), self.inference.close]
        threads = [SteadyThread(end, daemon=False) for end in (*ends, self._ticks.close)]
        for thread in threads:  # side by side, or the time limits would add up
            thread.start()
        for thread in threads:
            thread.join()
        for room in self.rooms:
            room.engine_lost()  # what still waits is shown, and so counted

    def moments(self) -> Iterator[LiveFigures]:
        """Look after everything, and give the figures of each second, until the end.

        It ends when all sources have ended, after the settings' duration, or by `end`.

        Raises:
            DivergentError: what a user can mend: no weights, no source.
            Exception: a fault of the program, from whichever thread it was in.
        """
        due = self._began + SECOND_S
        while not self._ending and not self._is_over():
            self._raise_faults()
            for room in self.rooms:
                room.refresh()
            now = time.monotonic()
            if now >= due:
                due = max(due + SECOND_S, now)
                for room in self.rooms:
                    room.showing.delays.second()
                figures = self.figures()
                for observe in self.observers:
                    observe(figures)
                yield figures
            time.sleep(MOMENT_S)
        self._raise_faults()

    def end(self) -> None:
        """Let the run come to its end; returns at once, from any thread."""
        self._ending = True

    def tell(self, line: str) -> None:
        """Tell people what happens; from any thread."""
        for listen in self.listeners:
            listen(line)

    def warn(self, line: str) -> None:
        """The same, and keep it among the warnings."""
        self.warnings.append(line)
        self.tell(line)

    def figures(self) -> LiveFigures:
        """What there is to say at this moment."""
        now, facts = time.monotonic(), self.inference.facts
        figures = LiveFigures(
            running_s=now - self._began,
            engine=self.inference.doing,
            engine_period_s=facts.period_s if facts is not None else 0.0,
            rooms=tuple(
                room_figures(room, capture, now, self._recorder_figures(room, now))
                for room, capture in zip(self.rooms, self.captures, strict=True)
            ),
            warnings=tuple(self.warnings),
        )
        for add in self.additions:
            figures = add(figures)
        return figures

    def _is_over(self) -> bool:
        now, duration = time.monotonic(), self._settings.duration
        if self._flowing is None and self.inference.facts is not None:
            pictures = sum(room.showing.rate.total for room in self.rooms)
            self._flowing = now if pictures else None
        if duration is not None:
            began = self._began + START_S if self._flowing is None else self._flowing
            if now - began >= duration:
                return True
        return all(capture.state is State.ENDED for capture in self.captures)

    def _raise_faults(self) -> None:
        """Raise what went wrong elsewhere, and what leaves nothing to do."""
        problems = [capture.problem for capture in self.captures]
        faults = [self._ticks.problem, self.inference.problem, *problems]
        for problem in faults:
            if problem is not None and not isinstance(problem, SourceError):
                raise problem
        if all(isinstance(problem, DivergentError) for problem in problems):
            assert problems[0] is not None
            raise problems[0]

    def _wake(self) -> None:
        self._ticks.wake()

    def _answer(self, answer: Answer) -> None:
        self._by_name[answer.room].answer(answer)

    def _engine_changed(self, event: EngineEvent) -> None:
        facts = self.inference.facts
        if event.kind == "ready" and facts is not None:
            self.engine = facts
            for room in self.rooms:
                room.engine_ready(facts)
            self.tell(f"{event.line}, {1000 * facts.period_s:.0f} ms a batch")
            limit_s = self._settings.mask_age_limit_s
            if facts.period_s > SLOW_SHARE * limit_s and not self._settings.sync:
                self.warn(
                    f"the engine takes {1000 * facts.period_s:.0f} ms, more than half of the "
                    f"{1000 * limit_s:.0f} ms that a mask may be old: expect AI OFF "
                    "(lighter weights, another --device, or --mask-age-limit-s)"
                )
        elif event.kind == "lost":
            for room in self.rooms:
                room.engine_lost()
            self.warn(event.line)
        elif event.kind == "said":
            self.warn(event.line)

    def _changes_of(self, number: int) -> Callable[[Event], None]:
        """What is done when a room's source changes."""
        room = self.rooms[number]

        def changed(event: Event) -> None:
            room.turn(event)
            recorder = self.recorders.get(room.name)
            if recorder is not None:
                given = self.captures[number].given
                if given is not None:
                    recorder.change(given)
                recorder.note(event)
            self.tell(f"{room.name}: {event.state}: {event.reason}")

        return changed

    def _packets_of(self, room: Room | SyncRoom) -> Callable[[CapturedPacket], None]:
        """Where a room's compressed packets go."""

        def came(packet: CapturedPacket) -> None:
            recorder = self.recorders.get(room.name)
            if recorder is not None:
                recorder.offer_packet(packet)

        return came

    def _recorder_figures(self, room: Room | SyncRoom, now: float) -> RecorderFigures | None:
        recorder = self.recorders.get(room.name)
        return None if recorder is None else recorder.figures(now)
