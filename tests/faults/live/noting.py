"""`divergent-stream live` as it is, which also notes each frame that it shows.

    python -m tests.faults.live.noting FOLDER live SOURCE...

Notes are written past all that may be killed, to `FOLDER/shown`: what a recording has to hold, and
how late each frame was. While `FOLDER/slow` exists, the recorder takes as many seconds longer for
each frame as stand in it. `FOLDER/queue` holds the bytes that may wait for the recorder;
where there is a folder `FOLDER/windows`, rooms have windows without a display.
"""

import functools
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from struct import Struct

from stream import cli
from stream.live import command
from stream.live.journey import Journey
from stream.live.settings import LiveSettings
from stream.live.shown import Shown
from stream.live.windows import Windows
from stream.recording import take
from stream.recording.options import RecordingOptions
from stream.recording.shown import ShownFrame
from tests.stream.live.window.scripted import FolderGui

NOTE = Struct("<Iqddd")
"""Room, index of the frame, its own time, when it arrived and when it was shown."""


class Notes:
    """A branch that notes what is shown."""

    def __init__(self, descriptor: int, room: int) -> None:
        self._descriptor, self._room = descriptor, room

    def offer(self, shown: Shown) -> None:
        """Note a frame."""
        frame = shown.frame
        note = (self._room, frame.index, float(frame.seconds), frame.arrived_at, time.monotonic())
        os.write(self._descriptor, NOTE.pack(*note))


@contextmanager
def noted(folder: Path, journey: Journey, settings: LiveSettings) -> Iterator[None]:
    """Note what every room shows."""
    descriptor = os.open(folder / "shown", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, room in enumerate(journey.rooms):
        room.showing.branches.append(Notes(descriptor, number))
    yield


@contextmanager
def windowed(folder: Path, journey: Journey, settings: LiveSettings) -> Iterator[None]:
    """Windows that write down what they show."""
    with ExitStack() as stack:
        Windows(journey, settings, stack, functools.partial(FolderGui, folder / "windows")).open()
        yield


def slow_down(folder: Path) -> None:
    """Let the recorder take longer while there is a file that says so."""
    write = take.Take.write

    def slowly(self: take.Take, seen: ShownFrame) -> None:
        write(self, seen)
        with suppress(FileNotFoundError):
            time.sleep(float((folder / "slow").read_text("ascii") or 0))

    take.Take.write = slowly  # type: ignore[method-assign]


def shorten_queue(size: int) -> None:
    """Let so many bytes wait for the recorder."""
    made = LiveSettings.recording.fget
    assert made is not None

    def shorter(self: LiveSettings) -> RecordingOptions | None:
        options: RecordingOptions | None = made(self)
        return None if options is None else replace(options, queue_bytes=size)

    LiveSettings.recording = property(shorter)  # type: ignore[assignment]


def main() -> None:
    folder = Path(sys.argv.pop(1)).resolve()
    fittings = [*command.FITTINGS, functools.partial(noted, folder)]
    if (folder / "windows").exists():
        fittings.append(functools.partial(windowed, folder))
    command.FITTINGS = tuple(fittings)
    if (folder / "queue").exists():
        shorten_queue(int((folder / "queue").read_text("ascii")))
    slow_down(folder)
    cli.main()


if __name__ == "__main__":
    main()
