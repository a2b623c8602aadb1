"""`segments.json`: a recording's files, how they lie in time, and what became of every frame."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from stream.finishing import finished, partial_of
from stream.recording.ledger import Ledger
from stream.recording.segments import Segment

FORMAT_VERSION = 1
DIGITS = 6

MOST_EVENTS = 5000
"""A signal that comes and goes all day is told no more often; its frames are counted still."""


@dataclass(frozen=True, slots=True)
class Account:
    """What is told of a recording as a whole.

    Attributes:
        name: of the recording, which all its files' names begin with.
        label: of the case.
        room: empty where there is only one.
        unit: seconds per tick of its clock.
        started: local time.
        frames: what became of the frames.
        packets: what became of the source's own packets, where those are recorded.
        events: when the source changed its state: seconds, the state, and why.
    """

    name: str
    label: str
    room: str
    unit: Fraction
    started: datetime
    frames: Ledger
    packets: Ledger
    events: list[tuple[float, str, str]] = field(default_factory=list)

    def note(self, seconds: float, state: str, reason: str) -> None:
        """The source is in a state, seconds behind the start; the same again is not news."""
        news = not self.events or self.events[-1][1] != state
        if news and len(self.events) < MOST_EVENTS:
            self.events.append((round(seconds, DIGITS), state, reason))

    def values(self, segments: Sequence[Segment], ended: datetime | None) -> dict[str, Any]:
        """Plain values for JSON, as things stand; files may be added meanwhile.

        Args:
            segments: that have begun.
            ended: local time of the end; None while it goes on.
        """
        return {
            "format_version": FORMAT_VERSION,
            "recording": self.name,
            "label": self.label,
            "room": self.room,
            "started": _written(self.started),
            "ended": None if ended is None else _written(ended),
            "seconds_per_tick": str(self.unit),
            "frames": _counts(self.frames),
            "packets": _counts(self.packets) if self.packets.captured else None,
            "events": [
                {"seconds": seconds, "state": state, "reason": reason}
                for seconds, state, reason in tuple(self.events)
            ],
            "segments": [self._segment(segment) for segment in tuple(segments)],
        }

    def _segment(self, segment: Segment) -> dict[str, Any]:
        return {
            "number": segment.number,
            "start": self._seconds(segment.start),
            "began": _written(segment.began),
            "reason": segment.reason,
            "files": {
                kind: {
                    "name": _present(entry.path),
                    "first_picture": self._seconds(entry.start - segment.start),
                    "pictures": entry.pictures,
                    "made": entry.how,
                }
                for kind, entry in tuple(segment.files.items())
            },
        }

    def _seconds(self, ticks: int) -> float:
        return round(float(ticks * self.unit), DIGITS)


def write_account(path: Path, values: dict[str, Any]) -> None:
    """Write `NAME.segments.json`, whole or not at all; an older one is replaced.

    Raises:
        SinkError: it cannot be written.
    """
    with finished(path, overwrite=True) as partial:
        partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _counts(ledger: Ledger) -> dict[str, Any]:
    return {
        "captured": ledger.captured,
        "recorded": ledger.recorded,
        "lost": dict(ledger.losses),
        "gaps": [
            {
                "start": round(gap.start, DIGITS),
                "end": round(gap.end, DIGITS),
                "lost": dict(gap.lost),
            }
            for gap in ledger.gaps
        ],
    }


def _present(final: Path) -> str:
    """The name a file has now: its partial one until it is whole."""
    return final.name if final.exists() else partial_of(final).name


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
