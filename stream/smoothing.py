"""Steadies the probability over time: a flicker fades, and so, a little later, does the truth."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from stream.prediction import Prediction


class Smoother:
    """A running mean that forgets exponentially, in media time.

    A polyp that appears passes the threshold of 0.5 after 0.7 time constants.
    """

    def __init__(self, time_constant_s: float) -> None:
        """Start with nothing remembered.

        Args:
            time_constant_s: after so many seconds a prediction counts for 1/e; above 0.
        """
        self._time_constant_s = time_constant_s
        self._mean: NDArray[np.float32] | None = None
        self._extent: Rect | None = None
        self._seconds = Fraction(0)

    def update(self, prediction: Prediction, seconds: Fraction) -> Prediction:
        """The prediction with the smoothed map; it starts anew where the view moves.

        Args:
            prediction: of the next frame.
            seconds: media time of that frame.
        """
        latest, mean = prediction.probability, self._mean
        if mean is None or prediction.extent != self._extent or mean.shape != latest.shape:
            mean = latest
        else:
            passed = float(seconds - self._seconds)
            share = np.float32(1.0 - math.exp(-max(passed, 0.0) / self._time_constant_s))
            mean = mean + (latest - mean) * share
        self._mean, self._extent, self._seconds = mean, prediction.extent, seconds
        return replace(prediction, probability=mean)
