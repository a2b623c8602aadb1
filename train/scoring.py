"""One picture's map against its mask: counts at 256x256 and at the picture's own size."""

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.preprocessing import Prepared
from train.evaluation import ImageResult
from train.manifest import Sample
from train.metrics import count
from train.surface import hausdorff_95

PAPER_SIZE = 256
"""Tables 2 and 3 are scored at this many rows and columns (paper, section 3.2)."""

BINS = 20
"""Of the reliability of probabilities."""

Probability = NDArray[np.float32]
"""(h, w) float32 in [0, 1]: how likely each sample is polyp."""


def score_image(
    sample: Sample,
    truth: NDArray[np.bool_],
    prepared: Prepared,
    probability: Probability,
    extent: str,
    threshold: float,
    reliability: NDArray[np.float64],
) -> ImageResult:
    """Count one image at both sizes and add its probabilities to the reliability.

    Args:
        sample: whose image it is.
        truth: (H, W) bool.
        prepared: where view and frame are.
        probability: (h, w) on the grid.
        extent: `view` or `frame`: what the grid covers.
        threshold: above it a pixel is polyp.
        reliability: (BINS, 3), added to.
    """
    native = on_frame(probability, extent, prepared)
    predicted = native > threshold
    small = _at_paper_size(probability, native, prepared)
    small_truth = (
        cv2.resize(
            truth.astype(np.uint8), (PAPER_SIZE, PAPER_SIZE), interpolation=cv2.INTER_NEAREST
        )
        > 0
    )
    _add_reliability(reliability, small, small_truth)
    return ImageResult(
        sample.image,
        sample.sha256,
        sample.centre,
        sample.sequence,
        sample.split,
        truth.shape[0],
        truth.shape[1],
        grid=count(small > threshold, small_truth),
        native=count(predicted, truth),
        hd95=hausdorff_95(predicted, truth),
    )


def on_frame(probability: Probability, extent: str, prepared: Prepared) -> Probability:
    """Bring a map from the engine's grid to the frame: bilinear, zero outside the view.

    Args:
        probability: (h, w) on the grid.
        extent: `view` or `frame`: what the grid covers.
        prepared: what the engine was shown.

    Returns:
        (H, W) float32 at the frame's own size.
    """
    view, frame = prepared.view, prepared.frame
    covered = view if extent == "view" else frame
    size = (covered.width, covered.height)
    resized = cv2.resize(probability, size, interpolation=cv2.INTER_LINEAR)
    if view == frame:
        return np.asarray(resized, np.float32)
    whole = np.zeros((frame.height, frame.width), np.float32)
    rows, columns = view.slices()
    whole[rows, columns] = resized if extent == "view" else resized[rows, columns]
    return whole


def _at_paper_size(
    probability: Probability, native: Probability, prepared: Prepared
) -> Probability:
    """Bring a map to 256x256: the network's own samples where they are that already."""
    size = (PAPER_SIZE, PAPER_SIZE)
    if prepared.view == prepared.frame:
        if probability.shape == size:
            return probability
        return np.asarray(cv2.resize(probability, size, interpolation=cv2.INTER_LINEAR))
    return np.asarray(cv2.resize(native, size, interpolation=cv2.INTER_AREA))


def _add_reliability(
    reliability: NDArray[np.float64], probability: Probability, truth: NDArray[np.bool_]
) -> None:
    values = probability.ravel().astype(np.float64)
    bins = np.clip((values * BINS).astype(np.int64), 0, BINS - 1)
    reliability[:, 0] += np.bincount(bins, minlength=BINS)
    reliability[:, 1] += np.bincount(bins, values, BINS)
    reliability[:, 2] += np.bincount(bins, truth.ravel(), BINS)
