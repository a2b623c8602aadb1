"""How far the recordings are: bars on a terminal, dated lines without one."""

import sys
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column

from stream.report import words

LINE_EVERY_S = 5.0
"""Without a terminal, between two lines about the same recording."""

OVERALL_EVERY_S = 30.0
"""Without a terminal, between two lines about all of them."""

DRAW_EVERY_S = 0.1
"""On a terminal, between two changes of the same bar."""

TELLING_S = 2.0
"""A shorter time tells nothing of what is left."""

FACTS = ("share", "rate", "speed", "left", "found")


@dataclass(slots=True)
class Count:
    """How far one recording is, or several together.

    Attributes:
        frames: that are through.
        with_polyp: frames in which a mask was drawn.
        sightings: polyps seen until now.
        media_seconds: recorded time that is through.
    """

    frames: int = 0
    with_polyp: int = 0
    sightings: int = 0
    media_seconds: float = 0.0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.frames + other.frames,
            self.with_polyp + other.with_polyp,
            self.sightings + other.sightings,
            self.media_seconds + other.media_seconds,
        )


class Reporter:
    """Tells how far the recordings are.

    Args:
        console: where to; standard error by default, so that standard output stays clean.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._bars = Progress(
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(ratio=3, no_wrap=True, overflow="ellipsis"),
            ),
            BarColumn(bar_width=None, table_column=Column(ratio=2)),
            *(
                TextColumn(
                    f"{{task.fields[{fact}]}}",
                    markup=False,
                    table_column=Column(justify="right", no_wrap=True),
                )
                for fact in FACTS
            ),
            console=self.console,
            disable=not self.console.is_terminal,
            expand=True,
        )
        self._overall: _Overall | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def say(self, line: str) -> None:
        """One line, above the bars if there are any."""
        line = line.replace("\n", " ")  # names of files may hold a break
        if self._bars.disable:
            stamp = datetime.now().astimezone().isoformat(timespec="seconds")
            print(f"{stamp} {line}", file=sys.stderr, flush=True)
        else:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def expect(self, recordings: int, weight: float) -> None:
        """Follow so many recordings together, whose weights have this sum."""
        row = _Row(self, self._bars, f"0 of {recordings} done", OVERALL_EVERY_S)
        self._overall = _Overall(row, recordings, weight)

    def begin(self, name: str, frames: int | None, weight: float = 1.0) -> "RecordingReport":
        """Start to follow one recording.

        Args:
            name: of the recording.
            frames: about how many it has, or None.
            weight: its share of the work among all that are expected.
        """
        row = _Row(self, self._bars, name, LINE_EVERY_S)
        report = RecordingReport(row, frames, weight, self._overall)
        if self._overall is not None:
            self._overall.active.append(report)
        return report


class RecordingReport:
    """Follows one recording; made by `Reporter.begin`.

    Attributes:
        count: how far it is.
        frames: about how many it has, or None; may be set when it is known.
        share: how much of it is through, or None where nobody knows how long it is.
        weight: its share of the work among several.
    """

    def __init__(
        self, row: "_Row", frames: int | None, weight: float, overall: "_Overall | None"
    ) -> None:
        self.count, self.frames, self.weight = Count(), frames, weight
        self._row, self._overall = row, overall

    @property
    def share(self) -> float | None:
        """How much of it is through, in [0, 1], or None where its length is not known."""
        return min(1.0, self.count.frames / self.frames) if self.frames else None

    def update(self, count: Count) -> None:
        """So much is through by now."""
        self.count = replace(count)
        self._row.show(self.count, self.share)
        if self._overall is not None:
            self._overall.show()

    def end(self) -> None:
        """It is through, or given up."""
        if self._overall is None:
            self._row.fill(self.count)
        else:
            self._row.remove()
            self._overall.end_one(self)


class _Overall:
    """Adds up what is done and what is being done."""

    def __init__(self, row: "_Row", recordings: int, weight: float) -> None:
        self.active: list[RecordingReport] = []
        self._row, self._recordings, self._weight = row, recordings, weight
        self._ended, self._ended_weight, self._ended_count = 0, 0.0, Count()

    def show(self, *, at_once: bool = False) -> None:
        count = sum((report.count for report in self.active), self._ended_count)
        through = self._ended_weight + sum(
            report.weight * (report.share or 0.0) for report in self.active
        )
        share = min(1.0, through / self._weight) if self._weight else None
        self._row.name = f"{self._ended} of {self._recordings} done"
        self._row.show(count, share, at_once=at_once)

    def end_one(self, report: RecordingReport) -> None:
        self.active.remove(report)
        self._ended += 1
        self._ended_count += report.count
        if report.count.frames:
            self._ended_weight += report.weight
        else:  # it failed at once: its share of the work was none, and tells nothing of the rest
            self._weight -= report.weight
        self.show(at_once=True)


class _Row:
    """A bar, or lines of text, redone no more often than anyone can read."""

    def __init__(self, reporter: Reporter, bars: Progress, name: str, line_every_s: float) -> None:
        self.name = name
        self._reporter, self._bars = reporter, bars
        self._every_s = line_every_s if bars.disable else DRAW_EVERY_S
        self._started = self._shown = time.monotonic()
        nothing: dict[str, Any] = dict.fromkeys(FACTS, "")
        self._task: TaskID = bars.add_task(name, total=None, **nothing)

    def show(self, count: Count, share: float | None, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if now - self._shown < self._every_s and (self._bars.disable or not at_once):
            return
        self._shown = now
        facts = _facts(count, share, now - self._started)
        if self._bars.disable:
            self._reporter.say(
                f"{self.name}: " + ", ".join(said for said in facts.values() if said)
            )
            return
        self._bars.update(
            self._task,
            description=self.name,
            total=None if share is None else 1.0,
            completed=share or 0.0,
            **facts,
        )

    def fill(self, count: Count) -> None:
        """Show the whole bar; lines of text need no such end."""
        if not self._bars.disable:
            self.show(count, 1.0, at_once=True)

    def remove(self) -> None:
        self._bars.remove_task(self._task)


def _facts(count: Count, share: float | None, seconds: float) -> dict[str, Any]:
    """What there is to say, in few words."""
    seconds = max(seconds, 1e-9)
    left = ""
    if share is not None and 0 < share < 1 and seconds >= TELLING_S:
        left = f"{timedelta(seconds=round(seconds / share * (1 - share)))} left"
    recorded = count.media_seconds > 0
    return {
        "share": f"{count.frames} frames" if share is None else f"{share:.0%}",
        "rate": f"{count.frames / seconds:.1f} fps",
        "speed": f"{count.media_seconds / seconds:.1f}x" if recorded else "",
        "left": left,
        "found": words.count(count.sightings, "sighting") if recorded else "",
    }
