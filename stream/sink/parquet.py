"""`frames.parquet`: the table of frames with its values as they are, for many recordings at once.

The columns are those of `frames.csv`, typed: boxes are a list of structs, and so is the view.
"""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nets.extras import require
from nets.picture import Rect
from stream.finishing import finished
from stream.frame import Frame
from stream.prediction import Mask
from stream.sink.sidecar import COLUMNS

GROUP = 8192
"""Frames of a row group: some minutes of video."""


class FrameParquet:
    """Writes `frames.parquet`; a context manager that, left by an exception, leaves nothing.

    A file without its end cannot be read; `frames.csv` beside it can.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Write nothing yet.

        Args:
            path: of the finished file.
            overwrite: replace a file of this name.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        require("pyarrow", "cluster", "Parquet")
        self._path, self._overwrite = path, overwrite
        self._rows: list[tuple[Any, ...]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            OutputExistsError: the file exists and may not be replaced.
            SinkError: it cannot be written.
        """
        from pyarrow import parquet

        partial = self._stack.enter_context(finished(self._path, self._overwrite))
        try:
            self._schema = _schema()
            self._writer = self._stack.enter_context(parquet.ParquetWriter(partial, self._schema))
        except BaseException as problem:
            self.__exit__(type(problem), problem, problem.__traceback__)
            raise
        return self

    def write(self, frame: Frame, mask: Mask, *, visible: bool) -> None:
        """Write the row of one frame.

        Args:
            frame: as it came.
            mask: of that frame.
            visible: whether there was an endoscope's picture to look at.

        Raises:
            OSError: it cannot be written.
        """
        self._rows.append(
            (
                frame.index,
                frame.pts,
                float(frame.seconds),
                mask.fraction,
                len(mask.regions),
                [_struct(box) for box in mask.regions],
                mask.peak,
                _struct(mask.view) if visible else None,
            )
        )
        if len(self._rows) == GROUP:
            self._write_group()

    def _write_group(self) -> None:
        import pyarrow as arrow

        columns = zip(*self._rows, strict=True)
        arrays = [
            arrow.array(values, field.type)
            for values, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._stack:
            if value is not None:
                raise value
            if self._rows:
                self._write_group()


def _struct(rect: Rect) -> dict[str, int]:
    return rect._asdict()


def _schema() -> Any:
    """Types of the columns."""
    import pyarrow as arrow

    rect = arrow.struct([(name, arrow.int32()) for name in Rect._fields])
    types = {
        "index": arrow.int64(),
        "pts": arrow.int64(),
        "seconds": arrow.float64(),
        "polyp_fraction": arrow.float64(),
        "regions": arrow.int32(),
        "boxes": arrow.list_(rect),
        "highest_probability": arrow.float64(),
        "view": rect,
    }
    return arrow.schema([(name, types[name]) for name in COLUMNS])
