"""What became of an archive: a table for the eye and `summary.csv` for everything else."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stream.finishing import finished
from stream.progress import Count
from stream.task import DONE, Result

SUMMARY = "summary.csv"

MOST_ROWS = 40
"""Recordings above which the table shows only those with something wrong."""

FIGURES_WIDTH = 66
"""What the table's other columns take at most."""

COLUMNS = (
    "recording",
    "output",
    "status",
    "frames",
    "seconds",
    "fps",
    "real_time",
    "frames_with_polyp",
    "sightings",
    "message",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one recording.

    Attributes:
        recording: its name, without secrets.
        output: of the annotated recording, below the folder of outputs.
        result: how it ended.
        earlier: it was done by an earlier run, and skipped by this one.
    """

    recording: str
    output: str
    result: Result
    earlier: bool = False

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.result.count.frames / self.result.seconds if self.result.seconds else 0.0

    @property
    def real_time(self) -> float:
        """Recorded seconds a second."""
        return self.result.count.media_seconds / self.result.seconds if self.result.seconds else 0.0


def told(recording: str, result: Result) -> str:
    """In one line what went wrong with a recording; its name is in it, and once."""
    said = f"{result.status}: {result.message}"
    return said if result.message.startswith(recording) else f"{recording}: {said}"


def write_summary(folder: Path, rows: Sequence[Row]) -> Path:
    """Write `summary.csv`, one line a recording, earlier runs' included.

    Columns: `recording`, its `output` below the folder, `status` (finished, broken off,
    failed), `frames`, `seconds` of processing, `fps`, `real_time` (recorded seconds a second),
    `frames_with_polyp`, `sightings`, and a `message` where something went wrong.

    Raises:
        SinkError: it cannot be written.
    """
    path = folder / SUMMARY
    with (
        finished(path, overwrite=True) as partial,
        partial.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            result, count = row.result, row.result.count
            writer.writerow(
                (
                    row.recording,
                    row.output,
                    result.status,
                    count.frames,
                    f"{result.seconds:.3f}",
                    f"{row.fps:.2f}",
                    f"{row.real_time:.3f}",
                    count.with_polyp,
                    count.sightings,
                    result.message,
                )
            )
    return path


def print_summary(console: Console, rows: Sequence[Row]) -> None:
    """Show the table, what went wrong, and one line about all of it."""
    wrong = [row for row in rows if row.result.status != "finished"]
    shown = rows if len(rows) <= MOST_ROWS else wrong
    if shown:
        console.print(_table(shown, console.width))
    done = [row.result.count for row in rows if row.result.status in DONE]
    parts = [f"{len(done)} of {len(rows)} recordings processed"]
    parts += [
        f"{number} {state}"
        for state in ("broken off", "failed")
        if (number := sum(row.result.status == state for row in rows))
    ]
    total = sum(done, Count())
    parts.append(f"{total.frames} frames")
    parts.append(f"{timedelta(seconds=round(total.media_seconds))} of video")
    lines = [told(row.recording, row.result) for row in wrong]
    for line in (*lines, ", ".join(parts)):
        console.print(line.replace("\n", " "), markup=False, highlight=False, soft_wrap=True)


def _table(rows: Sequence[Row], width: int) -> Table:
    """Names give way where it is narrow, figures never do."""
    longest = max(len(row.output) for row in rows)
    table = Table(box=None, padding=(0, 1, 0, 0), width=min(width, longest + FIGURES_WIDTH))
    table.add_column("recording", overflow="ellipsis", no_wrap=True, ratio=1)
    for name in ("frames", "fps", "x real time", "polyp in", "sightings"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in rows:
        result, count = row.result, row.result.count
        figures = (
            str(count.frames),
            f"{row.fps:.1f}",
            f"{row.real_time:.1f}",
            str(count.with_polyp),
            str(count.sightings),
        )
        status = "earlier" if row.earlier and result.status == "finished" else result.status
        shown = Text(row.output.replace("\n", " "))  # as it is: [x] in a name is no markup
        table.add_row(shown, *(figures if count.frames else [""] * 5), status)
    return table
