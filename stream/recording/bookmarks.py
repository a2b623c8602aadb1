"""`bookmarks.json`: moments that somebody marked while it was recorded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stream.finishing import finished

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A moment of a recording.

    Attributes:
        seconds: on the recording's clock, of the newest frame when it was marked.
        index: of that frame.
        marked: local time.
        note: what was said of it; empty for nothing.
    """

    seconds: float
    index: int
    marked: datetime
    note: str = ""


def write_bookmarks(path: Path, bookmarks: Sequence[Bookmark], *, recording: str) -> None:
    """Write `NAME.bookmarks.json`, whole or not at all; an older one is replaced.

    Args:
        path: of the file.
        bookmarks: in order.
        recording: its name.

    Raises:
        SinkError: it cannot be written.
    """
    values = {
        "format_version": FORMAT_VERSION,
        "recording": recording,
        "bookmarks": [
            {
                "seconds": round(each.seconds, 6),
                "index": each.index,
                "marked": each.marked.isoformat(timespec="milliseconds"),
                "note": each.note,
            }
            for each in bookmarks
        ],
    }
    with finished(path, overwrite=True) as partial:
        partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
