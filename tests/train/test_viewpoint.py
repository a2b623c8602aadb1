"""The same tissue seen from elsewhere."""

import albumentations as A  # noqa: N812
import numpy as np
import pytest

from train.viewpoint import SHIFT, ZOOM, Viewpoint


def seen(image: np.ndarray, mask: np.ndarray, seed: int, size=(96, 96)) -> dict[str, np.ndarray]:
    return A.Compose([Viewpoint(*size)], seed=seed)(image=image, mask=mask)


def disc(size: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[0:size, 0:size] - (size - 1) / 2
    return (np.hypot(rows, columns) < radius).astype(np.uint8)


def picture_of(mask: np.ndarray) -> np.ndarray:
    return np.repeat(mask[..., None] * 255, 3, axis=2)


@pytest.mark.parametrize("size", [(96, 96), (64, 48), (120, 200)])
def test_picture_and_mask_come_at_the_networks_size_and_stay_together(size) -> None:
    mask = disc(128, 30)
    mask[:, 64:] = 0  # half a disc: a turn that one of them missed would show
    for seed in range(10):
        made = seen(picture_of(mask), mask, seed, size)
        assert made["image"].shape == (*size, 3)
        assert made["mask"].shape == size
        assert set(np.unique(made["mask"])) <= {0, 1}
        assert made["mask"].any()
        differing = (made["image"][..., 0] > 127) != (made["mask"] > 0)
        assert differing.mean() < 0.02  # the outline is interpolated in one and not in the other


def test_the_middle_moves_and_grows_no_more_than_it_may() -> None:
    mask = disc(96, 12)
    areas, places = [], []
    for seed in range(60):
        made = seen(picture_of(mask), mask, seed)["mask"]
        areas.append(made.sum() / mask.sum())
        places.append(np.abs(np.argwhere(made).mean(0) / 96 - 0.5))
    assert ZOOM[0] ** 2 * 0.9 < min(areas) < 0.8
    assert 2 < max(areas) < ZOOM[1] ** 2 * 1.1
    assert 0.8 * SHIFT < np.max(places) < SHIFT + 0.02


def test_every_direction_comes_and_so_does_the_mirrored_picture() -> None:
    # An L has a direction, and its mirror image is no turn of it.
    mask = np.zeros((96, 96), np.uint8)
    mask[30:66, 44:48] = 1
    mask[62:66, 44:60] = 1
    angles, sides = [], set()
    for seed in range(60):
        made = seen(picture_of(mask), mask, seed)["mask"]
        points = np.argwhere(made) - np.argwhere(made).mean(0)
        _, vectors = np.linalg.eigh(np.cov(points.T))
        angles.append(np.degrees(np.arctan2(*vectors[:, 1])) % 180)
        along, across = points @ vectors[:, 1], points @ vectors[:, 0]
        sides.add(np.sign(np.mean(along**3) * np.mean(across**3) * np.linalg.det(vectors)))
    assert np.histogram(angles, 6, (0, 180))[0].min() > 2
    assert sides == {-1.0, 1.0}


def test_a_viewpoint_is_a_function_of_the_seed() -> None:
    mask = disc(96, 20)
    first, again, other = (seen(picture_of(mask), mask, seed)["image"] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_some_are_seen_aslant_and_most_are_not() -> None:
    compose = A.Compose([Viewpoint(96, 96)], seed=0, save_applied_params=True)
    mask = disc(96, 20)
    aslant = 0
    for seed in range(50):
        compose.set_random_seed(seed)
        made = compose(image=picture_of(mask), mask=mask)
        ((_, params),) = made["applied_transforms"]
        aslant += not np.allclose(params["matrix"][2, :2], 0)
    assert 3 <= aslant <= 20
