"""The probability steadied over time, along the scene's motion."""

from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.prediction import Prediction
from stream.smoothing import Smoother

SIZE = 128
WHOLE = Rect(0, 0, SIZE, SIZE)
GRID = 64


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """(256, 256) luma with something to follow everywhere."""
    rng = np.random.default_rng(1)
    coarse, fine = (
        cv2.resize(rng.random((n, n)).astype(np.float32), (256, 256), interpolation=cv2.INTER_CUBIC)
        for n in (12, 48)
    )
    return np.clip(40 + 130 * coarse + 50 * fine, 0, 255).astype(np.uint8)


def shown(luma: np.ndarray) -> Picture:
    return Picture((luma,), LAYOUTS["gray"], Colour(Matrix.BT601))


def predicted(probability: np.ndarray, extent: Rect = WHOLE) -> Prediction:
    return Prediction(0, extent, extent, probability.astype(np.float32), 0.0, 0.0)


def disc(x: float, y: float, radius: float = 10, inside: float = 0.9) -> np.ndarray:
    rows, columns = np.mgrid[0:GRID, 0:GRID]
    return np.where(np.hypot(columns - x, rows - y) < radius, inside, 0.05).astype(np.float32)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_an_outline_that_flickers_is_steadied(scene: np.ndarray) -> None:
    rng, smoother = np.random.default_rng(2), Smoother(0.2)
    clean, masks, steady = disc(32, 32, inside=0.65), [], []
    for n in range(20):
        noisy = np.clip(clean + cv2.blur(rng.normal(0, 0.8, clean.shape), (5, 5)), 0, 0.69)
        picture = shown(scene[:SIZE, :SIZE])
        result = smoother.update(predicted(noisy), picture, Fraction(n, 25))
        masks.append(noisy > 0.5)
        steady.append(result.probability > 0.5)

    def flicker(of: list[np.ndarray]) -> float:
        return 1 - float(np.mean([iou(a, b) for a, b in pairwise(of[5:])]))

    assert flicker(steady) < 0.5 * flicker(masks)
    missed = [float((clean[mask == 0] > 0.5).sum()) for mask in (masks[-1], steady[-1])]
    assert missed[1] < 0.5 * missed[0]


@pytest.mark.parametrize("step", [0, 3])
def test_what_was_said_moves_with_the_scene(scene: np.ndarray, step: int) -> None:
    """A polyp that is missed for one frame stays where it is by then, and nowhere else."""
    smoother = Smoother(0.5)
    for n in range(5):
        moved = scene[64 : 64 + SIZE, 64 - step * n : 64 - step * n + SIZE]
        faint = n == 4  # it moves right, by `step` of the picture's columns a frame
        found = disc(24 + step * n / 2, 32, inside=0.35 if faint else 0.9)
        result = smoother.update(
            predicted(found), shown(np.ascontiguousarray(moved)), Fraction(n, 25)
        )
    mask = result.probability > 0.5
    assert not (found > 0.5).any()
    assert iou(mask, disc(24 + step * 4 / 2, 32) > 0.5) > 0.8


def test_nothing_is_ever_taken_away(scene: np.ndarray) -> None:
    rng, smoother, picture = np.random.default_rng(4), Smoother(1.0), shown(scene[:SIZE, :SIZE])
    for n in range(5):
        latest = predicted(rng.random((GRID, GRID)))
        result = smoother.update(latest, picture, Fraction(n, 25))
        assert (result.probability >= latest.probability).all()


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_what_is_gone_fades_in_its_time_constant_at_any_rate(scene: np.ndarray, fps: int) -> None:
    smoother, picture = Smoother(0.4), shown(scene[:SIZE, :SIZE])
    smoother.update(predicted(disc(32, 32)), picture, Fraction(0))
    faded = [
        float(
            smoother.update(predicted(disc(32, 32, 0)), picture, Fraction(n, fps)).probability[
                32, 32
            ]
        )
        for n in range(1, fps + 1)
    ]
    after = 0.05 + 0.85 * np.exp(-np.arange(1, fps + 1) / fps / 0.4)
    np.testing.assert_allclose(faded, after, atol=0.02)


def test_another_scene_forgets_what_was_said(scene: np.ndarray) -> None:
    smoother = Smoother(5.0)
    black, bright = np.full((SIZE, SIZE), 20, np.uint8), scene[:SIZE, :SIZE]
    smoother.update(predicted(disc(32, 32)), shown(black), Fraction(0))
    after = smoother.update(predicted(disc(32, 32, inside=0.1)), shown(bright), Fraction(1, 25))
    assert after.probability.max() < 0.2


def test_a_view_that_moves_starts_anew_and_the_first_is_taken_as_it_is(scene: np.ndarray) -> None:
    smoother, picture = Smoother(5.0), shown(scene[:SIZE, :SIZE])
    first = predicted(disc(32, 32))
    assert np.array_equal(
        smoother.update(first, picture, Fraction(3)).probability, first.probability
    )
    moved = predicted(disc(32, 32, inside=0.4), Rect(8, 0, 112, 128))
    assert np.array_equal(
        smoother.update(moved, picture, Fraction(4)).probability, moved.probability
    )


def test_probabilities_stay_probabilities_at_any_depth_and_grid(scene: np.ndarray) -> None:
    rng, smoother = np.random.default_rng(3), Smoother(0.3)
    deep = LAYOUTS["yuv420p10le"]
    planes = tuple(
        rng.integers(64, 940, shape, dtype=np.uint16) for shape in deep.plane_shapes(SIZE, SIZE)
    )
    picture = Picture(planes, deep, Colour(Matrix.BT709))
    for n in range(4):
        probability = rng.random((48, 96)).astype(np.float32)
        result = smoother.update(predicted(probability), picture, Fraction(n, 25))
        assert result.probability.dtype == np.float32
        assert result.probability.shape == (48, 96)
        assert 0 <= result.probability.min() <= result.probability.max() <= 1
