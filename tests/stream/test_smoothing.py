"""The probability steadied over time."""

from fractions import Fraction

import numpy as np
import pytest

from nets.picture import Rect
from stream.prediction import Prediction
from stream.smoothing import Smoother

VIEW = Rect(0, 0, 64, 64)


def predicted(value: float, view: Rect = VIEW) -> Prediction:
    return Prediction(0, view, view, np.full((4, 4), value, np.float32), 0.0, 0.0)


def smoothed(smoother: Smoother, value: float, seconds: Fraction, view: Rect = VIEW) -> float:
    return float(smoother.update(predicted(value, view), seconds).probability[0, 0])


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_step_reaches_one_half_after_seven_tenths_of_the_time_constant(fps: int) -> None:
    smoother = Smoother(1.0)
    smoothed(smoother, 0.0, Fraction(0))
    values = [smoothed(smoother, 1.0, Fraction(n, fps)) for n in range(1, 2 * fps)]
    passed = next(n for n, value in enumerate(values, 1) if value > 0.5) / fps
    assert passed == pytest.approx(0.7, abs=1.5 / fps)


def test_single_frame_fades() -> None:
    smoother = Smoother(0.2)
    values = [smoothed(smoother, float(n == 5), Fraction(n, 25)) for n in range(30)]
    assert max(values) < 0.2
    assert values[-1] < 0.01


def test_first_frame_is_taken_as_it_is() -> None:
    assert smoothed(Smoother(5.0), 0.75, Fraction(3)) == 0.75


def test_view_that_moves_starts_anew() -> None:
    smoother = Smoother(5.0)
    smoothed(smoother, 0.0, Fraction(0))
    assert smoothed(smoother, 1.0, Fraction(1, 25), Rect(8, 0, 56, 64)) == 1.0
