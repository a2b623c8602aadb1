"""Figures drawn from masks: the paper's Figures 2 and 4, and where members disagree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nets.preprocessing import Rgb
from train.canvas import COLOURS, bare, canvas, plain
from train.errors import TrainingError
from train.evaluation import Evaluation
from train.manifest import Sample
from train.metrics import Values, has_polyp, image_scores
from train.published import MODELS

Probability = NDArray[np.float32]
"""(h, w) float32 in [0, 1]."""

PERCENTILES = (5, 25, 50, 75, 95)
"""Rows of Figure 4: from hard to easy, by the ensemble's F1."""

ROW_RULE = (
    "Rows: the images with a polyp at the 5th, 25th, 50th, 75th and 95th percentile of the "
    "ensemble's F1, from hard to easy."
)

THRESHOLD = 0.5
TRUTH, PREDICTED = (255, 255, 255), (0, 158, 115)
DISPLAY = 256
"""Pictures are shown at this many rows and columns, as the networks see them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One sample with everything the members made of it.

    Attributes:
        rgb: (H, W, 3) uint8.
        truth: (H, W) bool.
        members: (H, W) probability on the frame, by member, in the order of the columns.
        ensemble: (H, W) probability on the frame.
    """

    rgb: Rgb
    truth: NDArray[np.bool_]
    members: Mapping[str, Probability]
    ensemble: Probability


ShowSample = Callable[[Sample], Shown]
"""Reads a sample and runs every member on it."""


def choose_rows(evaluation: Evaluation, percentiles: Sequence[int] = PERCENTILES) -> list[int]:
    """Choose a figure's rows by a rule, so that nobody picks what looks good.

    Args:
        evaluation: of the ensemble.
        percentiles: of its F1 among the images with a polyp; ties go to the image that stands
            first.

    Returns:
        Indices into `evaluation.images`, hard first, none twice.

    Raises:
        TrainingError: no image shows a polyp.
    """
    rows = evaluation.grid_rows
    positive = np.flatnonzero(has_polyp(rows))
    if not positive.size:
        raise TrainingError(f"{evaluation.name}: no image shows a polyp, so there are no rows")
    order = positive[np.argsort(image_scores(rows)["f1"][positive], kind="stable")]
    places = [round(percentile / 100 * (order.size - 1)) for percentile in percentiles]
    return list(dict.fromkeys(int(order[place]) for place in places))


def figure_4(rows: Sequence[Shown], scores: Sequence[float]) -> Figure:
    """Draw image, truth, every member's mask and the ensemble's (paper, Figure 4).

    Args:
        rows: chosen by `choose_rows`.
        scores: the ensemble's F1 of each.
    """
    members = list(rows[0].members)
    titles = ["image", "truth", *(MODELS.get(name, name) for name in members), "DivergentNets"]
    figure, grid = canvas(1.5 * len(titles), 1.58 * len(rows) + 0.5, len(rows), len(titles))
    for axes_row, shown, score in zip(grid, rows, scores, strict=True):
        maps = [*(shown.members[name] for name in members), shown.ensemble]
        masks = [shown.truth, *(probability > THRESHOLD for probability in maps)]
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


def figure_2(
    rgb: Rgb,
    truth: NDArray[np.bool_],
    maps: tuple[Probability, Probability, Probability],
) -> Figure:
    """Draw what TriUNet's first two networks hand on and what the third makes of it (Figure 2).

    Args:
        rgb: (H, W, 3) uint8, what the network is shown.
        truth: (H, W) bool.
        maps: polyp probability (h, w) of the left, the right and the last network.
    """
    figure, [axes] = canvas(10.4, 2.6, 1, 5)
    _picture(axes[0], _square(rgb))
    axes[0].set_title("image", fontsize=10)
    titles = ("$V_1$, left U-Net", "$V_2$, right U-Net", "last U-Net")
    for each, probability, title in zip(axes[1:4], maps, titles, strict=True):
        drawn = each.imshow(_square(probability), cmap="magma", vmin=0, vmax=1)
        bare(each)
        each.set_title(title, fontsize=10)
    axes[4].imshow(_square(truth.astype(np.uint8)), cmap="gray", vmin=0, vmax=1)
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


def disagreement_against_dice(members: Sequence[Evaluation], ensemble: Evaluation) -> Figure:
    """Draw the ensemble's Dice against how far its members' own Dice lie apart, a point an image.

    Args:
        members: evaluations of the same images.
        ensemble: of the same images.

    Raises:
        TrainingError: there are fewer than two members, or their images differ.
    """
    contents = [image.sha256 for image in ensemble.images]
    if len(members) < 2 or any([i.sha256 for i in m.images] != contents for m in members):
        raise TrainingError("disagreement needs two members or more, evaluated on one manifest")
    positive = has_polyp(ensemble.grid_rows)
    dice: list[Values] = [image_scores(each.grid_rows)["f1"][positive] for each in members]
    own = image_scores(ensemble.grid_rows)["f1"][positive]
    spread = np.ptp(np.stack(dice), axis=0)
    gain = own - np.mean(dice, axis=0)
    figure, [[left, right]] = canvas(9.2, 3.8, 1, 2)
    for axes, values, label in (
        (left, own, "Dice of the ensemble"),
        (right, gain, "its Dice less the members' mean"),
    ):
        plain(axes)
        axes.scatter(spread, values, s=8, color=COLOURS[0], alpha=0.35, linewidths=0)
        axes.set_xlabel("best less worst Dice of the members")
        axes.set_ylabel(label)
    right.axhline(0.0, color="#444444", linewidth=0.8)
    return figure


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
    for mask, colour in ((shown.truth, TRUTH), (shown.ensemble > THRESHOLD, PREDICTED)):
        small = _square(mask.astype(np.uint8))
        outlines, _ = cv2.findContours(
            small.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(picture, outlines, -1, colour, 2)
    return np.asarray(picture, np.uint8)
