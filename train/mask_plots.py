"""Pictures with their masks: the paper's Figures 2 and 4, and where members disagree."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from train.canvas import bare, canvas
from train.published import MODELS
from train.shown import ROW_RULE, Shown, TriNetMaps
from train.tables import model_of

TRUTH, PREDICTED = (255, 255, 255), (0, 158, 115)
DISPLAY = 256
"""Pictures are shown at this many rows and columns, as the networks see them."""


def figure_4(rows: Sequence[Shown], scores: Sequence[float]) -> Figure:
    """Draw image, truth, every member's mask and the ensemble's (paper, Figure 4).

    Args:
        rows: chosen by `choose_rows`.
        scores: the ensemble's F1 of each.
    """
    members = list(rows[0].members)
    titles = ["image", "truth", *(_title(name) for name in members), "DivergentNets"]
    figure, grid = canvas(1.5 * len(titles), 1.58 * len(rows) + 0.5, len(rows), len(titles))
    for axes_row, shown, score in zip(grid, rows, scores, strict=True):
        maps = [*(shown.members[name] for name in members), shown.ensemble]
        masks = [shown.truth, *(probability > shown.threshold for probability in maps)]
        _picture(axes_row[0], _square(shown.rgb))
        axes_row[0].set_ylabel(f"F1 {score:.3f}", fontsize=9)
        for axes, mask in zip(axes_row[1:], masks, strict=True):
            axes.imshow(_square(mask.astype(np.uint8)), cmap="gray", vmin=0, vmax=1)
            bare(axes)
            axes.set_facecolor("black")
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=9)
    figure.supxlabel(ROW_RULE, fontsize=8, x=0.01, ha="left")
    return figure


def figure_2(shown: TriNetMaps) -> Figure:
    """Draw what TriUNet's first two networks hand on, and what the third makes of it (Figure 2).

    Args:
        shown: one sample with the three networks' maps.
    """
    figure, [axes] = canvas(10.4, 2.6, 1, 5)
    _picture(axes[0], _square(shown.rgb))
    axes[0].set_title("image", fontsize=10)
    titles = ("$V_1$, first U-Net", "$V_2$, second U-Net", "third U-Net")
    for each, probability, title in zip(axes[1:4], shown.maps, titles, strict=True):
        drawn = each.imshow(_square(probability), cmap="magma", vmin=0, vmax=1)
        bare(each)
        each.set_title(title, fontsize=10)
    axes[4].imshow(_square(shown.truth.astype(np.uint8)), cmap="gray", vmin=0, vmax=1)
    bare(axes[4])
    axes[4].set_title("truth", fontsize=10)
    bar = figure.colorbar(drawn, ax=axes[3], fraction=0.046, pad=0.03)
    bar.set_label("polyp probability", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def disagreement_rows(rows: Sequence[Shown]) -> Figure:
    """Draw where members disagree: outlines of truth and ensemble, and the members' deviation.

    Args:
        rows: chosen by `choose_rows`.
    """
    figure, grid = canvas(2.4 * len(rows), 5.2, 2, len(rows))
    for column, shown in enumerate(rows):
        _picture(grid[0][column], _outlined(shown))
        spread = np.std(np.stack([*shown.members.values()]), axis=0)
        drawn = grid[1][column].imshow(_square(spread), cmap="viridis", vmin=0, vmax=0.5)
        bare(grid[1][column])
    grid[0][0].set_ylabel("truth white, ensemble green", fontsize=9)
    grid[1][0].set_ylabel("deviation of the members", fontsize=9)
    bar = figure.colorbar(drawn, ax=grid[1], fraction=0.02, pad=0.01)
    bar.set_label("standard deviation of probability", fontsize=8)
    return figure


def _title(name: str) -> str:
    return MODELS.get(model_of(name) or name, name)


def _square(picture: NDArray[Any]) -> NDArray[Any]:
    enlarged = max(picture.shape[:2]) < DISPLAY
    nearest = picture.ndim == 2 and picture.dtype == np.uint8
    filter_ = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR if enlarged else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, (DISPLAY, DISPLAY), interpolation=filter_))


def _picture(axes: Axes, picture: NDArray[Any]) -> None:
    axes.imshow(picture)
    bare(axes)


def _outlined(shown: Shown) -> NDArray[np.uint8]:
    picture = _square(shown.rgb).copy()
    for mask, colour in ((shown.truth, TRUTH), (shown.ensemble > shown.threshold, PREDICTED)):
        small = _square(mask.astype(np.uint8))
        outlines, _ = cv2.findContours(
            small.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(picture, outlines, -1, colour, 2)
    return np.asarray(picture, np.uint8)
