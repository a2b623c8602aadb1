"""Plots of numbers: training curves, Dice against size, reliability, spread of the members."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from train.canvas import COLOURS, GREY, canvas, plain
from train.errors import TrainingError
from train.evaluation import Evaluation, calibration_error
from train.metrics import Values, has_polyp, image_scores

History = Sequence[Mapping[str, float]]
"""One mapping an epoch: `epoch`, `loss`, `iou`, `dice`, as `fit` writes to `history.json`."""

NEEDED = ("epoch", "loss", "iou", "dice")
SIZE_TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
WINDOWS = 8
"""Groups of equally many polyps whose median Dice is drawn."""


def read_history(path: Path) -> History:
    """Read the `history.json` of a training.

    Raises:
        TrainingError: the file is missing or is no such history.
    """
    try:
        history = json.loads(path.read_text("utf-8"))
        numbers = [{name: float(epoch[name]) for name in NEEDED} for epoch in history]
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path}: is no training's history ({error!r})") from error
    if not numbers:
        raise TrainingError(f"{path}: has no epoch yet")
    return numbers


def training_curves(histories: Mapping[str, History]) -> Figure:
    """Draw loss and validation scores by epoch, a colour a member; a ring marks the best epoch.

    Args:
        histories: by member, in the order of the legend.
    """
    figure, [[loss, iou, dice]] = canvas(11, 3.4, 1, 3)
    for axes, key, title in (
        (loss, "loss", "training loss"),
        (iou, "iou", "validation IoU of the polyp class"),
        (dice, "dice", "validation Dice of the polyp class"),
    ):
        plain(axes)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for number, (name, history) in enumerate(histories.items()):
            colour = COLOURS[number % len(COLOURS)]
            epochs = [epoch["epoch"] for epoch in history]
            values = [epoch[key] for epoch in history]
            axes.plot(epochs, values, color=colour, linewidth=1.4, label=name)
            # The best epoch is chosen by IoU, whatever is drawn.
            best = max(range(len(history)), key=lambda place: history[place]["iou"])
            axes.plot(
                epochs[best], values[best], "o", markerfacecolor="none", markeredgecolor=colour
            )
    loss.legend(fontsize=8, frameon=False)
    return figure


def dice_against_size(evaluations: Sequence[Evaluation]) -> Figure:
    """Draw each polyp picture's Dice against the share of the picture that the polyp covers.

    Points are the last evaluation's images; a line is the median of each of `WINDOWS` groups of
    equally many images, one line an evaluation.

    Args:
        evaluations: of the same images, the most important last.

    Raises:
        TrainingError: no image of them shows a polyp.
    """
    figure, [[axes]] = canvas(6.4, 4.2)
    plain(axes)
    lowest, highest = 1.0, 0.0
    for number, evaluation in enumerate(evaluations):
        positive = has_polyp(evaluation.native_rows) & has_polyp(evaluation.grid_rows)
        share = evaluation.polyp_share[positive]
        dice = image_scores(evaluation.grid_rows[positive])["f1"]
        if not share.size:
            raise TrainingError(f"{evaluation.name}: no image shows a polyp")
        lowest, highest = min(lowest, float(share.min())), max(highest, float(share.max()))
        last = number == len(evaluations) - 1
        colour = COLOURS[number % len(COLOURS)]
        if last:
            axes.scatter(share, dice, s=7, color=colour, alpha=0.25, linewidths=0)
        sizes, medians = _medians(share, dice)
        axes.plot(
            sizes, medians, color=colour, linewidth=2.4 if last else 1.2, label=evaluation.name
        )
    axes.set_xscale("log")
    limits = lowest / 1.2, min(highest * 1.2, 1.0)
    ticks = [tick for tick in SIZE_TICKS if limits[0] <= tick <= limits[1]]
    axes.set_xticks(ticks, [f"{100 * tick:g} %" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(*limits)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("share of the picture that the polyp covers")
    axes.set_ylabel("Dice of the picture at 256x256")
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    return figure


def reliability_diagram(evaluations: Sequence[Evaluation]) -> Figure:
    """Draw how often a pixel of some probability is polyp, and how many pixels have it.

    Args:
        evaluations: each with its reliability.

    Raises:
        TrainingError: an evaluation has none.
    """
    figure, [[axes], [below]] = canvas(4.8, 6.2, 2, 1, heights=(3, 1))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--")
    for number, evaluation in enumerate(evaluations):
        pixels, probability, polyp = evaluation.reliability.T
        error = calibration_error(evaluation.reliability)
        if error is None:
            raise TrainingError(f"{evaluation.name}: has no reliability, evaluate it anew")
        filled = pixels > 0
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(
            probability[filled] / pixels[filled],
            polyp[filled] / pixels[filled],
            marker="o",
            markersize=3.5,
            linewidth=1.3,
            color=colour,
            label=f"{evaluation.name} (ECE {error:.3f})",
        )
        edges = np.linspace(0.0, 1.0, len(pixels) + 1)
        below.stairs(pixels / pixels.sum(), edges, color=colour, linewidth=1.3)
    for each in (axes, below):
        plain(each)
        each.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_ylabel("share of the pixels that are polyp")
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    below.set_yscale("log")
    below.set_ylabel("share of all pixels")
    below.set_xlabel("predicted probability")
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
    right.axhline(0.0, color=GREY, linewidth=0.8)
    return figure


def _medians(share: Values, dice: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Order by size, cut into groups of equally many, take each group's medians."""
    order = np.argsort(share, kind="stable")
    groups = np.array_split(order, min(WINDOWS, math.ceil(share.size / 3)))
    return (
        np.array([np.median(share[group]) for group in groups]),
        np.array([np.median(dice[group]) for group in groups]),
    )
