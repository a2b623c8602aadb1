"""The dashboard itself: draws each second's figures over the whole terminal."""

import os
from contextlib import suppress
from datetime import datetime

from rich.console import Console, Group
from rich.live import Live

from stream.interruption import LAST_DEEDS
from stream.live.dashboard.layout import screen
from stream.live.dashboard.log import Log
from stream.live.lines import Lines
from stream.stats import LiveFigures

LEAVE = b"\x1b[?1049l\x1b[?25h"
"""Back to what the terminal showed before, with a cursor (xterm's control sequences)."""


class Dashboard:
    """Takes what `stream.live.lines.Lines` takes, and draws it instead."""

    def __init__(self, console: Console, *, limit_s: float = 0.0) -> None:
        """Nothing is drawn yet.

        Args:
            console: a terminal.
            limit_s: the greatest age of a mask; 0 for none.
        """
        self._console, self._limit_s = console, limit_s
        self._log = Log()
        self._live = Live(
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )

    def say(self, line: str) -> None:
        """Something happened; it is drawn with the next figures."""
        self._log.add(line)

    def show(self, figures: LiveFigures) -> None:
        """The figures of a second."""
        if not self._live.is_started:
            LAST_DEEDS.append(self._leave)
            self._live.start()
        width, height = self._console.size
        lines = screen(
            figures,
            self._log,
            width,
            height,
            time=f"{datetime.now():%H:%M:%S}",
            limit_s=self._limit_s,
            plain=self._console.options.ascii_only,
        )
        self._live.update(Group(*lines), refresh=True)

    def end(self, figures: LiveFigures) -> None:
        """Leave the terminal as it was, and say below what became of it all."""
        if self._live.is_started:
            self._live.stop()
            LAST_DEEDS.remove(self._leave)
        lines = Lines(as_json=False)
        for warning in figures.warnings:
            lines.say(warning)
        lines.end(figures)

    def _leave(self) -> None:
        """Leave the terminal as it was, where there is no time for more."""
        with suppress(OSError, ValueError):
            os.write(self._console.file.fileno(), LEAVE)
