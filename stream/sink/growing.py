"""A text file that grows by whole records under a partial name, until it is finished."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from stream.errors import OutputExistsError, SinkError
from stream.finishing import partial_of, reason_of


class GrowingText:
    """A text file that has its final name only when it is whole; a context manager.

    Every record reaches the file whole, by one write: killed at any moment, the file ends
    behind a record. Left by an exception, it keeps its partial name.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Begin an empty file.

        Args:
            path: of the finished file.
            overwrite: replace a file of this name.

        Raises:
            OutputExistsError: the file exists and may not be replaced.
            SinkError: it cannot be written.
        """
        if path.exists() and not overwrite:
            raise OutputExistsError(f"{path}: exists already: choose another name, or -y")
        self._path, self._partial = path, partial_of(path)
        try:
            self._file = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        except OSError as problem:
            raise SinkError(f"{path}: cannot be written: {reason_of(problem)}") from problem
        self._whole = 0

    def add(self, record: str) -> None:
        """Write one record.

        Raises:
            SinkError: the file cannot be written; it ends behind the record before.
        """
        encoded = record.encode()
        try:
            if os.write(self._file, encoded) < len(encoded):
                os.truncate(self._file, self._whole)
                raise SinkError(f"{self._partial}: the disk is full: it ends before a record")
        except OSError as problem:
            raise SinkError(
                f"{self._partial}: cannot be written: {reason_of(problem)}"
            ) from problem
        self._whole += len(encoded)

    def close(self) -> Path:
        """Give the file its name.

        Raises:
            SinkError: it cannot be written.
        """
        if self._file >= 0:
            try:
                os.fsync(self._file)
                self._let_go()
                self._partial.replace(self._path)
            except OSError as problem:
                raise SinkError(
                    f"{self._path}: cannot be written: {reason_of(problem)}"
                ) from problem
        return self._path

    def abort(self) -> None:
        """Leave what there is under the partial name."""
        if self._file >= 0:
            self._let_go()

    def _let_go(self) -> None:
        file, self._file = self._file, -1
        os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()
