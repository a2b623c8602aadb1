"""`journal.jsonl`: what became of every recording of an archive, so that a run can go on.

One line a record, added and flushed to the disk at once; nothing in it is ever changed. The
last record of a recording counts.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

from stream.errors import SinkError
from stream.source.address import redacted
from stream.source.images import pictures_in
from stream.source.listing import JOURNAL

try:
    import fcntl
except ImportError:  # Windows: there, two runs into one folder are not kept apart
    fcntl = None  # type: ignore[assignment]

STARTED = "started"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which recording, in which state, processed how.

    Attributes:
        recording: absolute path, or an address without its secrets and a digest of it; the
            digest alone where the name may not be told.
        size: bytes; 0 where nobody knows.
        mtime_ns: when it was last changed; 0 where nobody knows.
        settings: digest of the settings and the weights.
    """

    recording: str
    size: int
    mtime_ns: int
    settings: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of the journal.

    Attributes:
        identity: of the recording.
        output: of the annotated recording, below the journal's folder.
        status: `started`, or how it ended.
        facts: what else is known of the end.
    """

    identity: Identity
    output: PurePosixPath
    status: str
    facts: Mapping[str, Any]


def identify(name: str, settings: str, *, secret: bool = False) -> Identity:
    """The identity of a recording as it is now.

    Args:
        name: what `open_recording` takes.
        settings: digest of the settings.
        secret: the journal may not tell the name.
    """
    path = Path(name)
    if ":" in name and not path.exists():
        return Identity(f"{'' if secret else redacted(name)} ({_digest(name)})", 0, 0, settings)
    size = newest = 0
    with suppress(OSError):  # what cannot be read says so when it is opened
        for file in pictures_in(path) if path.is_dir() else [path]:
            facts = file.stat()
            size, newest = size + facts.st_size, max(newest, facts.st_mtime_ns)
    whole = str(path.resolve())
    return Identity(_digest(whole) if secret else whole, size, newest, settings)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


class Journal:
    """The journal of a folder of outputs; one run at a time has it open.

    Attributes:
        path: of the journal.
        damaged: how many of its lines could not be read.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder, open its journal and read what it holds.

        Raises:
            SinkError: the folder cannot be written, or another run writes to it.
        """
        self.path = folder / JOURNAL
        self.damaged = 0
        self._entries: dict[str, Entry] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as problem:
            raise SinkError(f"{folder}: cannot be written: {problem.strerror}") from problem
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            os.close(self._file)
            raise SinkError(f"{folder}: another run writes to it: wait for its end") from problem
        self._read()

    def last(self, recording: str) -> Entry | None:
        """The last record of a recording, whatever its state and settings were."""
        return self._entries.get(recording)

    def outputs(self) -> set[PurePosixPath]:
        """Outputs that some recording has already."""
        return {entry.output for entry in self._entries.values()}

    def add(
        self, identity: Identity, output: PurePosixPath, status: str, facts: Mapping[str, Any]
    ) -> Entry:
        """Write a record; when this returns, it is on the disk.

        Raises:
            SinkError: it cannot be written.
        """
        entry = Entry(identity, output, status, facts)
        record = {
            "at": datetime.now().astimezone().isoformat(timespec="seconds"),
            "status": status,
            "output": str(output),
            **asdict(identity),
            **facts,
        }
        self._write((json.dumps(record) + "\n").encode())
        self._entries[identity.recording] = entry
        return entry

    def close(self) -> None:
        """Let another run have it."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        try:
            if os.write(self._file, line) < len(line):
                raise SinkError(f"{self.path}: the disk is full: the run cannot go on")
            os.fsync(self._file)
        except OSError as problem:
            raise SinkError(f"{self.path}: cannot be written: {problem.strerror}") from problem

    def _read(self) -> None:
        content = self.path.read_bytes()
        if content and not content.endswith(b"\n"):
            self._write(b"\n")  # a run was killed while it wrote its last line
        for line in content.splitlines():
            try:
                entry = _entry(json.loads(line))
            except (ValueError, KeyError, TypeError):
                self.damaged += bool(line)
                continue
            self._entries[entry.identity.recording] = entry


def _entry(record: dict[str, Any]) -> Entry:
    known = {key: record.pop(key) for key in ("recording", "size", "mtime_ns", "settings")}
    output, status = PurePosixPath(record.pop("output")), str(record.pop("status"))
    if output.is_absolute() or ".." in output.parts:
        raise ValueError(output)
    return Entry(Identity(**known), output, status, record)
