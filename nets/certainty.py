"""Regions of which an ensemble is nowhere sure are none.

An outline is best where the mean of the members passes a half; whether there is a polyp at all is
better told by how far the mean rises within that outline, for members that see one where there is
none seldom agree (hysteresis thresholding: Canny, 1986, section VIII).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

BELOW = 0.99
"""Of the threshold: what is left of a region that does not count, so that no rounding lifts it."""


def settled(maps: NDArray[np.float32], threshold: float, certainty: float) -> NDArray[np.float32]:
    """Maps in which only such regions pass the threshold as are surer somewhere.

    Done again, it changes nothing.

    Args:
        maps: (..., h, w) float32 probability in [0, 1].
        threshold: above it a sample is polyp; connected samples, corners included, are a region.
        certainty: a region counts where one of its samples is above it.

    Returns:
        The maps as they are where every region counts; else of the same shape, samples of the other
        regions just below the threshold.
    """
    if certainty <= threshold:
        return maps
    answer = maps
    for place in np.ndindex(maps.shape[:-2]):
        here = maps[place]
        inside = here > threshold
        if not inside.any():
            continue
        count, labels = cv2.connectedComponents(inside.view(np.uint8), connectivity=8)
        unsure = np.ones(count, np.bool_)
        unsure[labels[here > certainty]] = unsure[0] = False
        if unsure.any():
            answer = maps.copy() if answer is maps else answer
            answer[place][unsure[labels]] = BELOW * threshold
    return answer
