"""How far a predicted outline lies from the true one."""

import cv2
import numpy as np
from numpy.typing import NDArray

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def hausdorff_95(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float | None:
    """Measure the Hausdorff distance of two masks' outlines, leaving out the worst 5 %.

    The larger of the two directions' 95th percentiles, as MONAI and Metrics Reloaded define it.
    A mask's outline is those of its pixels that touch the background or the picture's edge.

    Args:
        prediction: (H, W) bool.
        truth: (H, W) bool.

    Returns:
        Pixels, or None where one of the masks is empty and there is no distance.
    """
    if not prediction.any() or not truth.any():
        return None
    predicted, true = _outline(prediction), _outline(truth)
    return max(_directed(predicted, true), _directed(true, predicted))


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inner = cv2.erode(
        mask.astype(np.uint8), CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=[0.0]
    )
    return np.asarray(mask & (inner == 0), np.bool_)


def _directed(start: NDArray[np.bool_], end: NDArray[np.bool_]) -> float:
    """Measure from each pixel of one outline to the nearest of the other, 95th percentile."""
    distances = cv2.distanceTransform((~end).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(np.percentile(distances[start], 95))
