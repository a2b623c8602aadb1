"""Every convention a segmentation is scored by, from one integer row an image.

A row is (tp, fp, fn, tn) of the polyp class in pixels: at 256x256 for the paper's tables, at the
picture's own size for the challenge's. Nothing here reads pictures but `count`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
"""(N, 4): true positive, false positive, false negative and true negative pixels an image."""

Values = NDArray[np.float64]
"""(N,): one score an image."""

METRICS = ("iou", "f1", "recall", "precision")
"""In the order of the paper's tables."""

CHALLENGE_EPSILON = 1e-15
"""In the challenge's published scripts (EndoCV 2021, `metrics_seg.py`)."""


class Counts(NamedTuple):
    """Pixels of one image by what was predicted and what is true, for the polyp class."""

    tp: int
    fp: int
    fn: int
    tn: int


def count(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Counts:
    """Count an image's pixels.

    Args:
        prediction: (H, W) bool, True where polyp is predicted.
        truth: (H, W) bool, True where polyp is.

    Returns:
        The four counts; they add up to H * W.
    """
    tp = int(np.count_nonzero(prediction & truth))
    fp = int(np.count_nonzero(prediction)) - tp
    fn = int(np.count_nonzero(truth)) - tp
    return Counts(tp, fp, fn, truth.size - tp - fp - fn)


def rows_of(counts: list[Counts]) -> Rows:
    """Stack counts into rows, (N, 4) int64."""
    return np.array(counts, np.int64).reshape(-1, 4)


def of_background(rows: Rows) -> Rows:
    """Swap the roles of polyp and background."""
    return rows[:, [3, 2, 1, 0]]


def of_all_classes(rows: Rows) -> Rows:
    """Pool both classes within each image: IoU apart, every score becomes pixel accuracy."""
    return rows + of_background(rows)


def image_scores(rows: Rows) -> dict[str, Values]:
    """Score each image by the paper's rule: a ratio of nothing to nothing is 1.

    So with an empty mask an empty prediction scores 1 in everything, a false positive 0 in IoU,
    F1 and precision but 1 in recall; a polyp that is missed altogether scores 1 in precision
    alone. `segmentation_models_pytorch` agrees as `reduction="micro-imagewise"` with
    `zero_division=1.0`.

    Args:
        rows: (N, 4).

    Returns:
        (N,) float64 in [0, 1] for each of `METRICS`.
    """
    tp, fp, fn, _ = rows.T
    return {
        "iou": _ratio(tp, tp + fp + fn),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "recall": _ratio(tp, tp + fn),
        "precision": _ratio(tp, tp + fp),
    }


def paper(rows: Rows) -> dict[str, dict[str, float | None]]:
    """Score as the paper's Tables 2 and 3: the mean of the images' scores, by class.

    Args:
        rows: (N, 4), counted at 256x256.

    Returns:
        `METRICS` for each of `all`, `polyp` and `background`; None where there is no image.
    """
    return {
        "all": _means(image_scores(of_all_classes(rows))),
        "polyp": _means(image_scores(rows)),
        "background": _means(image_scores(of_background(rows))),
    }


def challenge_scores(rows: Rows) -> dict[str, Values]:
    """Score each image as the challenge's scripts do.

    Args:
        rows: (N, 4), counted at the picture's own size.

    Returns:
        (N,) float64 for `f1`, `f2`, `ppv`, `recall` and their mean, `score`.
    """
    tp, fp, fn, _ = rows.T.astype(np.float64)
    eps = CHALLENGE_EPSILON
    ppv = (tp + eps) / (tp + fp + eps)
    recall = (tp + eps) / (tp + fn + eps)
    f1 = (2 * tp + eps) / (2 * tp + fp + fn + eps)
    f2 = 5 * ppv * recall / (4 * ppv + recall + eps)
    return {"f1": f1, "f2": f2, "ppv": ppv, "recall": recall, "score": (f1 + f2 + ppv + recall) / 4}


def challenge(rows: Rows) -> dict[str, float | None]:
    """Score as the challenge did (paper, Table 4): (F1 + F2 + PPV + recall) / 4.

    Args:
        rows: (N, 4), counted at the picture's own size.

    Returns:
        Means of `challenge_scores`; `score_sd`, the standard deviation of the images' score; and
        `metrics_sd`, the mean of the four metrics' standard deviations, which is what the
        organisers' script prints. None where there is no image.
    """
    scores = challenge_scores(rows)
    parts = [values for name, values in scores.items() if name != "score"]
    return {
        **_means(scores),
        "score_sd": float(scores["score"].std()) if len(rows) else None,
        "metrics_sd": float(np.mean([values.std() for values in parts])) if len(rows) else None,
    }


def micro(rows: Rows) -> dict[str, float | None]:
    """Score the polyp class of the whole data set as if it were one image."""
    total = rows.sum(axis=0, keepdims=True) if len(rows) else rows
    return _means(image_scores(total))


def positives_only(rows: Rows) -> dict[str, float | None]:
    """Score as `paper` does, the polyp class of the images that show one."""
    return _means(image_scores(rows[has_polyp(rows)]))


def frame_level(rows: Rows) -> dict[str, float | int | None]:
    """Judge frames as a whole: was there an alarm, and should there have been one.

    Args:
        rows: (N, 4).

    Returns:
        `sensitivity`: share of the frames with a polyp in which any pixel is predicted;
        `hit_rate`: share in which a predicted pixel lies on the polyp; `specificity`: share of
        the frames without a polyp in which nothing is predicted; `false_positive_area`: mean
        share of the frame that is predicted where there is no polyp; None where there is no such
        frame. `positives`, `negatives`: how many frames of each.
    """
    positive = has_polyp(rows)
    tp, fp, _, _ = rows.T
    alarm = tp + fp > 0
    area = fp / np.maximum(rows.sum(axis=1), 1)
    return {
        "sensitivity": _mean(alarm[positive]),
        "hit_rate": _mean(tp[positive] > 0),
        "specificity": _mean(~alarm[~positive]),
        "false_positive_area": _mean(area[~positive]),
        "positives": int(positive.sum()),
        "negatives": int((~positive).sum()),
    }


def has_polyp(rows: Rows) -> NDArray[np.bool_]:
    """Tell the images whose mask is not empty, (N,) bool."""
    return rows[:, 0] + rows[:, 2] > 0


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Values:
    return np.where(whole > 0, part / np.maximum(whole, 1), 1.0)


def _mean(values: NDArray[np.bool_] | Values) -> float | None:
    return float(values.mean()) if values.size else None


def _means(scores: dict[str, Values]) -> dict[str, float | None]:
    return {name: _mean(values) for name, values in scores.items()}
