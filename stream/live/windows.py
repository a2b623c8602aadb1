"""Fits a window to each room of a run, where there is a display."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from fractions import Fraction

from stream.live.controls import Controls
from stream.live.journey import Journey
from stream.live.recorders import names_in_files
from stream.live.settings import LiveSettings
from stream.live.snapshots import Snapshots
from stream.live.window import HighGui, Opener, Place, Window, has_display
from stream.stats import LiveFigures

NO_DISPLAY = "no window: there is no display; the run goes on without"


@contextmanager
def with_windows(journey: Journey, settings: LiveSettings) -> Iterator[None]:
    """Open a window a room, each in a process of its own.

    A room's window is for that room: it has its keys and, if the settings say so, its monitor.
    The run ends when the last one is closed.
    """
    if not settings.show:
        yield
        return
    if not has_display():
        journey.tell(NO_DISPLAY)
        yield
        return
    with ExitStack() as stack:
        Windows(journey, settings, stack).open()
        yield


class Windows:
    """The windows of a run.

    Attributes:
        all: in the order of the rooms.
    """

    def __init__(
        self,
        journey: Journey,
        settings: LiveSettings,
        stack: ExitStack,
        opener: Opener = HighGui,
    ) -> None:
        """Prepare them; none is opened yet.

        Args:
            journey: the run, which has not started.
            settings: of the run.
            stack: closes in the end what has to be closed.
            opener: of a window, in its process.
        """
        self._journey, self._settings, self._stack = journey, settings, stack
        self._opener = opener
        self._lock = threading.Lock()
        self._said: set[str] = set()
        self.all = [self._window(number) for number in range(len(journey.rooms))]

    def open(self) -> None:
        """Open them; returns at once."""
        self._journey.additions.append(self.add_figures)
        self._journey.observers.append(self.raise_faults)
        for window in self.all:
            self._stack.callback(window.close)
            window.start()

    def add_figures(self, figures: LiveFigures) -> LiveFigures:
        """The run's figures with those of its windows."""
        rooms = (
            replace(room, window=window.figures())
            for room, window in zip(figures.rooms, self.all, strict=True)
        )
        return replace(figures, rooms=tuple(rooms))

    def raise_faults(self, figures: LiveFigures) -> None:
        """Raise what went wrong in a window's thread."""
        for window in self.all:
            if window.problem is not None:
                raise window.problem

    def _window(self, number: int) -> Window:
        room, monitors = self._journey.rooms[number], self._settings.monitor
        capture = self._journey.captures[number]
        window = Window(
            Place(
                f"{room.name} - DivergentNets", monitors[number] if number < len(monitors) else None
            ),
            self._controls(number),
            aspect=lambda: capture.given.sample_aspect_ratio if capture.given else Fraction(1),
            warn=self._journey.warn,
            headless=self._say_headless,
            opener=self._opener,
        )
        room.showing.screens.append(window)
        return window

    def _controls(self, number: int) -> Controls:
        journey, settings = self._journey, self._settings
        room, options = journey.rooms[number], settings.recording
        recorder = journey.recorders.get(room.name)
        snapshots = None
        if options is not None:
            names = names_in_files([each.name for each in journey.rooms], redact=settings.redact)
            snapshots = Snapshots(
                options,
                room=names[number],
                recording=lambda: "" if recorder is None else recorder.name,
                warn=journey.warn,
            )
            self._stack.callback(snapshots.close)
        return Controls(
            room,
            case=settings.label,
            recorder=recorder,
            snapshots=snapshots,
            leave=lambda: self._leave(number),
        )

    def _leave(self, number: int) -> None:
        """Somebody has had enough of a room: its recording ends, with the last window the run."""
        journey = self._journey
        room = journey.rooms[number]
        self.all[number].leave()
        if room.name in journey.recorders:
            journey.recorders[room.name].stop()
        if all(window.is_over for window in self.all):
            journey.end()
        else:
            journey.tell(f"{room.name}: its window is closed; the last one ends the run")

    def _say_headless(self, reason: str) -> None:
        """There is no window: told once, however many rooms there are."""
        with self._lock:
            said = reason in self._said
            self._said.add(reason)
        if not said:
            self._journey.warn(f"no window: {reason}; the run goes on without")
