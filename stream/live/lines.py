"""A live run in lines: dated ones for people, JSON for programs."""

import json
import sys
from dataclasses import asdict
from datetime import datetime

from stream.stats import LiveFigures, RecorderFigures, RoomFigures

EVERY_S = 5.0
"""Between two lines about the same source."""


def stamp() -> str:
    """Now, by the clock on the wall."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


class Lines:
    """Says on standard error what happens, and how it goes every few seconds.

    Where JSON is asked for, the figures go to standard output instead, one line a second.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._due_s = EVERY_S

    def say(self, line: str) -> None:
        """One dated line."""
        print(f"{stamp()} {line}", file=sys.stderr, flush=True)

    def show(self, figures: LiveFigures) -> None:
        """The figures of a second."""
        if self._as_json:
            print(json.dumps({"time": stamp()} | asdict(figures)), flush=True)
        elif figures.running_s >= self._due_s:
            self._due_s = figures.running_s + EVERY_S
            for room in figures.rooms:
                self.say(in_words(room))

    def end(self, figures: LiveFigures) -> None:
        """The figures of the whole run."""
        if self._as_json:
            self.show(figures)
        for room in figures.rooms:
            self.say(sum_in_words(room))


def in_words(room: RoomFigures) -> str:
    """How one source does, in one line."""
    mask = room.notice or (f"mask {_ms(room.mask_age_s)}" if room.mask_age_s is not None else "")
    parts = [
        " ".join(part for part in (f"{room.name}: {room.state}", room.given) if part),
        f"{room.capture_fps:.1f} captured, {room.display_fps:.1f} shown, "
        f"{room.inference_fps:.1f} inferred a second",
        mask,
        f"delay {_ms(room.latency.p50)}, p99 {_ms(room.latency.p99)}",
        f"dropped {_causes(room)}" if room.dropped else "",
        f"{room.sightings} seen" if room.sightings else "",
        _recording(room.recorder),
    ]
    return "; ".join(part for part in parts if part)


def sum_in_words(room: RoomFigures) -> str:
    """What became of one source's frames, in one line."""
    dropped = sum(room.dropped.values())
    causes = f" ({_causes(room)})" if dropped else ""
    painted = ""
    if room.window is not None:
        painted = (
            f"; window {room.window.painted} painted, {room.window.passed_over} passed over, "
            f"p99 {_ms(room.window.delay.p99)}"
        )
    return (
        f"{room.name}: {room.captured} frames captured = {room.shown} shown + {dropped} dropped"
        f"{causes}; display p99 {_ms(room.display.p99)}{painted}; "
        f"annotation p99 {_ms(room.latency.p99)}; {room.sightings} polyps seen"
    )


def _recording(recorder: RecorderFigures | None) -> str:
    if recorder is None or not recorder.recording:
        return ""
    lost = sum(recorder.lost.values())
    return f"{recorder.recorded} recorded, {lost} lost, {recorder.lag_s:.1f} s behind"


def _causes(room: RoomFigures) -> str:
    return ", ".join(f"{count} {cause}" for cause, count in room.dropped.items())


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.0f} ms"
