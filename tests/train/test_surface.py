"""How far a predicted outline lies from the true one."""

import numpy as np
import pytest

from train.surface import hausdorff_95


def square(left: int, top: int, side: int = 20, size: int = 64) -> np.ndarray:
    mask = np.zeros((size, size), np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def by_force(first: np.ndarray, second: np.ndarray) -> float:
    def outline(mask: np.ndarray) -> np.ndarray:
        padded = np.pad(mask, 1)
        inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        return np.argwhere(mask & ~inner)

    a, b = outline(first), outline(second)
    distances = np.linalg.norm(a[:, None] - b[None], axis=2)
    return max(np.percentile(distances.min(1), 95), np.percentile(distances.min(0), 95))


def test_the_same_mask_is_no_distance_away() -> None:
    assert hausdorff_95(square(10, 10), square(10, 10)) == 0.0


def test_a_shift_is_its_own_length() -> None:
    assert hausdorff_95(square(10, 10), square(15, 10)) == pytest.approx(5.0)


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_measuring_every_pair(seed: int) -> None:
    generator = np.random.default_rng(seed)
    first, second = (generator.random((40, 50)) > share for share in (0.9, 0.97))
    # OpenCV's exact transform works in float32.
    assert hausdorff_95(first, second) == pytest.approx(by_force(first, second), rel=1e-4)


def test_a_stray_pixel_among_many_does_not_count() -> None:
    prediction = square(10, 10)
    prediction[60, 60] = True
    assert hausdorff_95(prediction, square(10, 10)) == 0.0


def test_the_pictures_edge_is_part_of_the_outline() -> None:
    whole = np.ones((20, 20), np.bool_)
    inner = np.zeros((20, 20), np.bool_)
    inner[5:15, 5:15] = True
    assert hausdorff_95(whole, inner) == pytest.approx(by_force(whole, inner), rel=1e-4)


def test_an_empty_mask_has_no_outline() -> None:
    empty = np.zeros((64, 64), np.bool_)
    assert hausdorff_95(empty, square(1, 1)) is None
    assert hausdorff_95(square(1, 1), empty) is None
    assert hausdorff_95(empty, empty) is None
