"""The handle of the browser preview in a run."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from stream.outlet import Outlet
from stream.outlet.waiting import Make
from stream.preview.listening import Listening
from stream.preview.process import Audience, Fault, Figures, serve
from stream.stats import LiveFigures, PreviewFigures

MOST_FPS = 15


class Preview:
    """Shows a run's rooms to browsers; nothing of it keeps the run waiting."""

    def __init__(
        self,
        listening: Listening,
        rooms: int,
        *,
        names: bool = True,
        warn: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            listening: where viewers come.
            rooms: how many there are.
            names: tell the sources' names, and warnings, which hold some.
            warn: told what people have to know.
        """
        self._listening, self._names, self._warn = listening, names, warn
        self._page = listening.page
        self._viewers = 0
        self._faults: set[str] = set()
        self._latest: LiveFigures | None = None
        self._outlet = Outlet(
            serve,
            listening,
            rooms,
            name="preview",
            on_word=self._hear,
            on_lost=self._lost,
            period_s=1 / MOST_FPS,
        )

    def start(self) -> None:
        """Start the server; returns at once."""
        self._outlet.start()

    def offer(self, room: int, make: Make) -> None:
        """Offer what a room shows now; `make` gives it where somebody looks."""
        self._outlet.offer(room, make)

    def show(self, figures: LiveFigures) -> None:
        """The figures of a second.

        Raises:
            Exception: a fault of the preview.
        """
        if self._outlet.problem is not None:
            raise self._outlet.problem
        self._latest = figures
        if self._viewers:
            self._outlet.say("figures", Figures(self._written(figures)))

    def kill(self) -> None:
        """End the server at once, as a fault would; it is started again."""
        self._outlet.kill()

    def close(self) -> None:
        """End it all."""
        self._outlet.close()
        self._listening.socket.close()

    @property
    def figures(self) -> PreviewFigures:
        """How it does."""
        return PreviewFigures(self._page, self._viewers, self._outlet.is_there)

    def _hear(self, word: Any) -> None:
        match word:
            case Audience(viewers):
                first, self._viewers = not self._viewers, viewers
                if first and viewers and self._latest is not None:
                    self._outlet.say("figures", Figures(self._written(self._latest)))

            case Fault(line) if line not in self._faults:
                self._faults.add(line)
                self._warn(f"the preview's server had a fault with a viewer: {line}")

    def _lost(self, fate: str) -> None:
        self._viewers = 0
        self._warn(f"the preview's server {fate}: it is started again")

    def _written(self, figures: LiveFigures) -> bytes:
        if not self._names:
            rooms = (
                replace(room, name=f"room {number}", publisher=None)
                for number, room in enumerate(figures.rooms, 1)
            )
            figures = replace(figures, rooms=tuple(rooms), warnings=())
        return json.dumps(asdict(figures)).encode()
