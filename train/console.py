"""What a person sees while something long runs: a bar on a terminal, dated lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from train.reports import EpochReport, StepReport
from train.reports import Progress as Listener

QUIET_S = 30.0
"""Without a terminal, so long may pass between two lines."""


@contextmanager
def count_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far a count is.

    Args:
        what: is being done, such as `checking`.

    Yields:
        To be called with (done, in all).
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _CountLines(what)
        return
    with _bar(console, TextColumn("{task.completed:.0f}/{task.total:.0f}")) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class TrainingConsole:
    """Shows trainings, one after another; a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        if self._console.is_terminal:
            self._bar = _bar(self._console, TextColumn("{task.fields[numbers]}"))

    def __enter__(self) -> "TrainingConsole":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *reason: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, line: str) -> None:
        """Show a line."""
        if self._bar is None:
            line = f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}"
        self._console.print(line, markup=False)

    @contextmanager
    def member(self, name: str) -> Iterator[Listener]:
        """Show one member's training; gives whom `fit` is to tell."""
        if self._bar is None:
            lines = _MemberLines(name, self.say)
            yield Listener(lines.step, lines.epoch)
            return
        shown = _MemberBar(name, self._bar, self.say)
        try:
            yield Listener(shown.step, shown.epoch)
        finally:
            shown.close()


class _MemberBar:
    """One member's bar: its steps over all epochs, and the newest numbers."""

    def __init__(self, name: str, bar: Progress, say: Callable[[str], None]) -> None:
        self._name = name
        self._bar = bar
        self._say = say
        self._iou = ""
        self._task: TaskID = bar.add_task(name, total=None, numbers="starting")

    def step(self, report: StepReport) -> None:
        self._bar.update(
            self._task,
            total=report.epochs * report.steps,
            completed=(report.epoch - 1) * report.steps + report.step,
            numbers=f"epoch {report.epoch}/{report.epochs}  loss {report.loss:.3f}{self._iou}  "
            f"{report.images_per_s:.0f} images/s",
        )

    def epoch(self, report: EpochReport) -> None:
        self._iou = f"  IoU {report.iou:.3f}"
        self._say(_line(self._name, report))

    def close(self) -> None:
        self._bar.remove_task(self._task)


class _MemberLines:
    """One member's lines: each epoch, now and then within a long one, and how much is left."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self._name = name
        self._say = say
        self._said = time.monotonic()
        self._first: tuple[float, float] | None = None
        self._left = ""

    def step(self, report: StepReport) -> None:
        done = report.epoch - 1 + report.step / report.steps
        now = time.monotonic()
        if self._first is None:
            self._first = now, done  # a run that goes on has epochs behind it
        elif done > self._first[1]:
            seconds = (now - self._first[0]) / (done - self._first[1]) * (report.epochs - done)
            self._left = f"; about {timedelta(seconds=round(seconds))} left"
        if now - self._said >= QUIET_S:
            self._said = now
            self._say(
                f"{self._name}: epoch {report.epoch}/{report.epochs}, step {report.step}/"
                f"{report.steps}, loss {report.loss:.3f}, {report.images_per_s:.0f} images/s"
                f"{self._left}"
            )

    def epoch(self, report: EpochReport) -> None:
        self._said = time.monotonic()
        left = self._left if report.epoch < report.epochs else ""
        self._say(f"{_line(self._name, report)}{left}")


class _CountLines:
    """A dated line now and then."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._said >= QUIET_S:
            self._said = time.monotonic()
            print(
                f"{datetime.now():%Y-%m-%d %H:%M:%S} {self._what}: {done} of {total}",
                file=sys.stderr,
                flush=True,
            )


def _line(name: str, report: EpochReport) -> str:
    return (
        f"{name}: epoch {report.epoch}/{report.epochs}: loss {report.loss:.3f}, IoU "
        f"{report.iou:.3f}, Dice {report.dice:.3f}{', best so far' if report.best else ''}; "
        f"{report.images_per_s:.0f} images/s, {report.waited:.0%} of it waiting for samples"
    )


def _bar(console: Console, numbers: ProgressColumn) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        numbers,
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
    )
