"""How far a recording is: a bar on a terminal, dated lines without one."""

import sys
import time
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

LINE_EVERY_S = 5.0


class Reporter:
    """Tells how far the recordings are.

    Args:
        console: where to; standard error by default, so that standard output stays clean.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:5.1f} fps"),
            TimeRemainingColumn(),
            TextColumn("polyp in {task.fields[found]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """One line, above the bar if there is one."""
        if self._bar.disable:
            stamp = datetime.now().astimezone().isoformat(timespec="seconds")
            print(f"{stamp} {line}", file=sys.stderr, flush=True)
        else:
            self.console.print(line, markup=False, highlight=False)

    def begin(self, name: str, frames: int | None) -> "RecordingReport":
        """Start to follow one recording of about so many frames."""
        task = self._bar.add_task(name, total=frames, rate=0.0, found=0)
        return RecordingReport(self, self._bar, task, name, frames)


class RecordingReport:
    """Follows one recording."""

    def __init__(
        self, reporter: Reporter, bar: Progress, task: TaskID, name: str, frames: int | None
    ) -> None:
        self._reporter, self._bar, self._task = reporter, bar, task
        self._name, self._expected = name, frames
        self._frames = self._found = 0
        self._started = self._said = time.monotonic()

    def advance(self, found: bool) -> None:
        """One more frame is through."""
        self._frames += 1
        self._found += found
        now = time.monotonic()
        rate = self._frames / max(now - self._started, 1e-9)
        if not self._bar.disable:
            self._bar.update(self._task, advance=1, rate=rate, found=self._found)
        elif now - self._said >= LINE_EVERY_S:
            self._said = now
            whole = f" of about {self._expected}" if self._expected else ""
            left = ""
            if self._expected and self._expected > self._frames:
                left = f", {(self._expected - self._frames) / rate:.0f} s left"
            self._reporter.say(
                f"{self._name}: {self._frames}{whole} frames, {rate:.1f} fps{left}, "
                f"polyp in {self._found}"
            )

    def end(self) -> None:
        """The recording is through."""
        self._bar.update(self._task, total=self._frames, completed=self._frames)
        self._bar.stop_task(self._task)
