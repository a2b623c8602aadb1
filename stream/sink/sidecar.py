"""`frames.csv`: what was found in every frame, one line a frame."""

from collections.abc import Sequence
from pathlib import Path

from nets.picture import Rect
from stream.frame import Frame
from stream.sink.growing import GrowingText

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


class FrameTable(GrowingText):
    """Writes `frames.csv` under a partial name until it is whole.

    Columns: `index` and `pts` of the frame, `seconds` (6 decimals), `polyp_fraction` of the
    view's area in [0, 1], `regions`, their `boxes` as `x y w h` in luma samples, separated
    by semicolons, `highest_probability` in [0, 1], and the `view` as `x y w h`, empty where
    the frame has none.
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
        super().__init__(path, overwrite=overwrite)
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
        self.add(",".join(fields) + "\n")


def _written(rect: Rect) -> str:
    return f"{rect.x} {rect.y} {rect.width} {rect.height}"
