"""`frames.csv`: what was found in every frame, one line a frame."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from nets.picture import Rect
from stream.errors import OutputExistsError, SinkError
from stream.finishing import partial_of, reason_of
from stream.frame import Frame

COLUMNS = (
    "index",
    "pts",
    "seconds",
    "polyp_fraction",
    "regions",
    "boxes",
    "highest_probability",
    "view",
)


class FrameTable:
    """Writes `frames.csv` under a partial name until it is whole.

    Columns: `index` and `pts` of the frame, `seconds` (6 decimals), `polyp_fraction` of the
    view's area in [0, 1], `regions`, their `boxes` as `x y w h` in luma samples, separated
    by semicolons, `highest_probability` in [0, 1], and the `view` as `x y w h`, empty where
    the frame has none.

    Every line reaches the file whole, by one write: killed at any moment, the file ends
    behind a record.
    """

    def __init__(self, path: Path, *, overwrite: bool = False, more: Sequence[str] = ()) -> None:
        """Open the table and write its head.

        Args:
            path: of the finished table.
            overwrite: replace a file of this name.
            more: names of further columns behind the others.

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
        self._write_line((*COLUMNS, *more))

    def write(
        self,
        frame: Frame,
        *,
        polyp_fraction: float,
        boxes: Sequence[Rect],
        highest_probability: float,
        view: Rect | None,
        more: Sequence[str] = (),
    ) -> None:
        """Write the record of one frame.

        Args:
            frame: the frame.
            polyp_fraction: share of the view's area that is polyp, in [0, 1].
            boxes: one a region, in luma samples of the frame.
            highest_probability: of any sample inside the view, in [0, 1].
            view: the endoscope's picture, in luma samples of the frame, if there is one.
            more: values of the further columns.

        Raises:
            SinkError: the file cannot be written; it ends behind the record before.
        """
        self._write_line(
            (
                str(frame.index),
                str(frame.pts),
                f"{float(frame.seconds):.6f}",
                f"{polyp_fraction:.6f}",
                str(len(boxes)),
                ";".join(_written(box) for box in boxes),
                f"{highest_probability:.4f}",
                _written(view) if view is not None else "",
                *more,
            )
        )

    def _write_line(self, fields: Sequence[str]) -> None:
        line = (",".join(fields) + "\n").encode()
        try:
            if os.write(self._file, line) < len(line):
                os.truncate(self._file, self._whole)
                raise SinkError(f"{self._partial}: the disk is full: it ends before a record")
        except OSError as problem:
            raise SinkError(
                f"{self._partial}: cannot be written: {reason_of(problem)}"
            ) from problem
        self._whole += len(line)

    def close(self) -> Path:
        """Give the table its name."""
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


def _written(rect: Rect) -> str:
    return f"{rect.x} {rect.y} {rect.width} {rect.height}"
