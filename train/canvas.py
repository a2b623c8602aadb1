"""How figures of this project look, and how they get to disk: PNG to look at, PDF to print."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from train.errors import TrainingError

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D46")
"""Told apart by colour-blind readers (Okabe and Ito, 2008), the yellow replaced by a brown."""

DOTS_PER_INCH = 160
GREY = "#666666"


def canvas(
    width: float,
    height: float,
    rows: int = 1,
    columns: int = 1,
    *,
    heights: Sequence[float] | None = None,
) -> tuple[Figure, list[list[Axes]]]:
    """Make an empty figure.

    Args:
        width: inches.
        height: inches.
        rows: of axes.
        columns: of axes.
        heights: of the rows, relative to each other; equal when None.

    Returns:
        The figure, and its axes by row and column.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, height_ratios=heights)
    return figure, [list(row) for row in grid]


def plain(axes: Axes) -> None:
    """Take away what a plot does not need, and lay a light grid behind it."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)


def bare(axes: Axes) -> None:
    """Leave nothing but the picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def save(figure: Figure, path: Path) -> list[Path]:
    """Write a figure as PNG and as PDF.

    Args:
        figure: what to write.
        path: the files' common name; a suffix is left out.

    Returns:
        The two files. They are the same bytes for the same figure, whenever it is drawn.

    Raises:
        TrainingError: a file cannot be written.
    """
    files = [path.with_suffix(".png"), path.with_suffix(".pdf")]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(files[0], dpi=DOTS_PER_INCH, metadata={"Software": None})
        figure.savefig(files[1], metadata={"CreationDate": None, "Creator": None, "Producer": None})
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written: {error.strerror or error}") from error
    return files
