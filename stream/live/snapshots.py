"""Single pictures for keeps: clean and annotated PNG, and what is known of them."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Full, Queue
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.errors import DivergentError
from stream.errors import SinkError
from stream.finishing import finished, reason_of
from stream.live.shown import Shown
from stream.recording import Blanking, RecordingOptions, base_name, reserve
from stream.sink.stills import still_of

FORMAT_VERSION = 1
FACTS = ".snapshot.json"
USUAL_LABEL = "snapshot"

MOST_WAITING = 8
"""A finger that rests on the key fills no memory."""

CLOSES_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class _Taken:
    """A picture for keeps.

    Attributes:
        shown: the picture.
        at: when it was taken, local time.
        case: for which.
        recording: name of the one that goes on; empty without one.
        tell: of who took it.
    """

    shown: Shown
    at: datetime
    case: str
    recording: str
    tell: Callable[[str], None]


class Snapshots:
    """Writes pictures of one room, on a thread of its own."""

    def __init__(
        self,
        options: RecordingOptions,
        *,
        room: str = "",
        recording: Callable[[], str] = lambda: "",
        warn: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Nothing is taken yet.

        Args:
            options: of the room's recordings: folder, and what is blanked.
            room: part of the files' names where there are several rooms.
            recording: tells the name of the recording that goes on; empty where none does.
            warn: told of each that could not be.
        """
        self._options, self._room = options, room
        self._recording, self._warn = recording, warn
        self._waiting: Queue[_Taken | None] = Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name=f"snapshots-{room}", daemon=True)
        self._thread.start()

    def take(self, shown: Shown, case: str, tell: Callable[[str], None]) -> str:
        """Keep a picture; returns at once.

        Args:
            shown: the picture.
            case: label for the files' names.
            tell: told what became of it, in a few words.

        Returns:
            The same for this moment.
        """
        if shown.frame.index < 0:
            return "no picture yet"
        try:
            self._waiting.put_nowait(
                _Taken(shown, datetime.now().astimezone(), case, self._recording(), tell)
            )
        except Full:
            return "not so fast: snapshots are still being written"
        return "snapshot"

    def close(self) -> None:
        """Write what waits."""
        self._waiting.put(None)
        self._thread.join(CLOSES_WITHIN_S)

    def _run(self) -> None:
        while (taken := self._waiting.get()) is not None:
            try:
                taken.tell(f"snapshot {self._write(taken).name}")
            except DivergentError as problem:
                taken.tell("NO SNAPSHOT: it could not be written")
                self._warn(str(problem))

    def _write(self, taken: _Taken) -> Path:
        """Write the pictures; the files' names without what tells them apart.

        Raises:
            SinkError: they cannot be written.
        """
        name = base_name(taken.case or USUAL_LABEL, taken.at, self._room)
        base = reserve(self._options.folder, name, FACTS)
        clean, annotated = taken.shown.frame, taken.shown.shown
        if self._options.redact:
            clean, annotated = Blanking(self._options.view).blank(clean, annotated)
        _write_png(base.with_name(f"{base.name}.clean.png"), still_of(clean))
        _write_png(base.with_name(f"{base.name}.annotated.png"), still_of(annotated))
        with finished(base.with_name(base.name + FACTS), overwrite=True) as partial:
            partial.write_text(json.dumps(_facts(taken), indent=1) + "\n", encoding="utf-8")
        return base


def _write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    encodable: Any = picture
    _, encoded = cv2.imencode(".png", encodable)
    try:
        with finished(path) as partial:
            partial.write_bytes(encoded.tobytes())
    except OSError as problem:
        raise SinkError(f"{path}: cannot be written: {reason_of(problem)}") from problem


def _facts(taken: _Taken) -> dict[str, Any]:
    shown = taken.shown
    return {
        "format_version": FORMAT_VERSION,
        "taken": taken.at.isoformat(timespec="milliseconds"),
        "label": taken.case,
        "recording": taken.recording or None,
        "index": shown.frame.index,
        "view": list(shown.view) if shown.visible else None,
        "regions": [list(region) for region in shown.mask.regions] if shown.mask else [],
        "mask_age_s": shown.mask_age_s,
        "notice": shown.notice,
    }
