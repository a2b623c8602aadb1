"""What a recording's files are called: by a case label and the time, never by a patient."""

import json
import os
import re
import unicodedata
from datetime import datetime
from itertools import count
from pathlib import Path

from stream.errors import SettingsError, SinkError

LONGEST_LABEL = 40
LONGEST_ROOM = 24
USUAL_LABEL = "recording"
STAMP = "%Y%m%d-%H%M%S"
"""Local time: what the clock on the wall says."""


def sanitised(text: str, longest: int) -> str:
    """A text as part of a file's name: ASCII letters, digits, `-` and `_`, and not too many.

    >>> sanitised("Fall 12/7 (Übung)", LONGEST_LABEL)
    'Fall-12-7-Ubung'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    joined = re.sub(r"[^A-Za-z0-9_]+", "-", plain)
    return joined.strip("-_")[:longest].strip("-_")


def checked_label(text: str) -> str:
    """A case's label as a user wrote it, if it can be read in the files' names again.

    Raises:
        SettingsError: too long, or with letters that files' names do not have.
    """
    if len(text) > LONGEST_LABEL or not re.fullmatch(r"[A-Za-z0-9_ -]*", text):
        raise SettingsError(
            f"label {text!r}: it is part of files' names: write up to {LONGEST_LABEL} letters "
            "(a-z), digits, - and _, and never a patient's name"
        )
    return text


def base_name(label: str, at: datetime, room: str = "") -> str:
    """`LABEL-YYYYMMDD-HHMMSS[-ROOM]`.

    Args:
        label: of the case, for people; never a patient's name.
        at: local time of the start.
        room: tells rooms apart where there are several.
    """
    parts = [sanitised(label, LONGEST_LABEL) or USUAL_LABEL, at.strftime(STAMP)]
    if room:
        parts.append(sanitised(room, LONGEST_ROOM) or "room")
    return "-".join(parts)


def reserve(folder: Path, base: str, suffix: str) -> Path:
    """Take a name that nothing in the folder has, for this recording alone.

    Args:
        folder: where the recording goes; it is made where it is missing.
        base: the name; `_2`, `_3` and so on follow it where it is taken.
        suffix: of the file that holds the name from now on, an empty JSON object until it
            is written.

    Returns:
        The name within its folder, without a suffix.

    Raises:
        SinkError: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = {entry.name for entry in folder.iterdir()}
        names = (base if number == 1 else f"{base}_{number}" for number in count(1))
        for name in names:
            free = not any(_belongs(entry, name) for entry in taken)
            if free and _create(folder / f"{name}{suffix}"):
                return folder / name
    except OSError as problem:
        raise SinkError(
            f"{folder}: nothing can be recorded there: {problem.strerror}: "
            "name another folder with --record"
        ) from problem
    raise AssertionError("count never ends")


def _belongs(entry: str, name: str) -> bool:
    """Whether a file is one of those of a recording of this name."""
    return re.fullmatch(rf"{re.escape(name)}([.-].*)?", entry) is not None


def _create(path: Path) -> bool:
    """Make a file that is not there yet: of two programs that try, one succeeds."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({}, file)
    return True
