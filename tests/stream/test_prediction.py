"""From a map on the grid to a mask at the frame's size."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from nets.picture import Rect
from stream.prediction import Mask, Prediction, find_mask


def predicted(
    probability: NDArray[np.float32], view: Rect, extent: Rect | None = None
) -> Prediction:
    return Prediction(0, view, extent or view, probability, made_at=0.0, took_s=0.0)


def blobs(seed: int, size: tuple[int, int] = (48, 64)) -> NDArray[np.float32]:
    """A smooth random map with some regions above one half."""
    noise = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 4.0)
    return (1.0 / (1.0 + np.exp(-smooth / smooth.std()))).astype(np.float32)


def on_frame(mask: Mask, height: int, width: int) -> NDArray[np.bool_]:
    whole = np.zeros((height, width), np.bool_)
    whole[mask.box.slices()] = mask.inside > 0
    return whole


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("view", [Rect(0, 0, 320, 200), Rect(10, 6, 263, 171), Rect(4, 8, 40, 30)])
def test_mask_equals_the_whole_map_resized_and_cut(seed: int, view: Rect) -> None:
    probability = blobs(seed)
    mask = find_mask(predicted(probability, view), 0.6)
    resized = cv2.resize(probability, (view.width, view.height), interpolation=cv2.INTER_LINEAR)
    expected = np.zeros((240, 340), np.bool_)
    expected[view.slices()] = resized > 0.6
    # Samples whose probability is the threshold to within rounding may fall on either side.
    undecided = np.zeros_like(expected)
    undecided[view.slices()] = np.abs(resized - 0.6) < 1e-5
    assert np.array_equal(on_frame(mask, 240, 340) | undecided, expected | undecided)
    assert expected.any() == bool(mask.regions)


def test_nothing_above_the_threshold_is_an_empty_mask_with_its_peak() -> None:
    mask = find_mask(predicted(np.full((8, 8), 0.4, np.float32), Rect(0, 0, 64, 64)), 0.5)
    assert mask.regions == () and mask.fraction == 0.0
    assert mask.peak == pytest.approx(0.4)


def test_regions_are_listed_by_size_with_their_boxes() -> None:
    probability = np.zeros((64, 64), np.float32)
    probability[4:8, 4:8] = 1.0
    probability[30:50, 20:40] = 1.0
    mask = find_mask(predicted(probability, Rect(100, 50, 64, 64)), 0.5)
    assert mask.regions == (Rect(120, 80, 20, 20), Rect(104, 54, 4, 4))
    assert mask.sizes == (400, 16)
    assert mask.fraction == pytest.approx(416 / 64**2)


def test_regions_too_small_are_left_out_of_mask_and_list() -> None:
    probability = np.zeros((64, 64), np.float32)
    probability[4:8, 4:8] = 1.0
    probability[30:50, 20:40] = 1.0
    mask = find_mask(predicted(probability, Rect(0, 0, 64, 64)), 0.5, smallest=0.01)
    assert mask.sizes == (400,)
    assert np.count_nonzero(mask.inside) == 400


def test_samples_outside_the_view_are_never_polyp() -> None:
    view, frame = Rect(40, 20, 100, 80), Rect(0, 0, 200, 160)
    mask = find_mask(predicted(np.ones((32, 32), np.float32), view, extent=frame), 0.5)
    assert mask.regions == (view,)
    assert mask.fraction == 1.0


def test_each_region_has_its_own_peak() -> None:
    probability = np.zeros((64, 64), np.float32)
    probability[30:50, 20:40] = 0.7
    probability[4:8, 4:8] = 0.9  # inside no other region's box
    probability[32:34, 44:46] = 0.8
    mask = find_mask(predicted(probability, Rect(100, 50, 64, 64)), 0.5)
    assert mask.peaks == pytest.approx((0.7, 0.9, 0.8))
    assert mask.peak == pytest.approx(0.9)
