"""Cuts without a polyp, out of pictures with one."""

import albumentations as A  # noqa: N812
import numpy as np
import pytest

from train.augment import augmentation
from train.negatives import DARK, DARKEST_SHARE, CropWithoutPolyp

POLYP, TISSUE = 255, 120
SEEDS = range(20)


@pytest.fixture
def polyp() -> tuple[np.ndarray, np.ndarray]:
    """A picture whose only bright pixels are its polyp, and the mask."""
    rows, columns = np.mgrid[0:96, 0:128]
    mask = (np.hypot(rows - 30, columns - 40) < 16).astype(np.uint8)
    noise = np.random.default_rng(3).integers(-20, 20, (96, 128, 3))
    image = np.where(mask[..., None] > 0, POLYP, TISSUE + noise).astype(np.uint8)
    return image, mask


def cut(image: np.ndarray, mask: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    compose = A.Compose([CropWithoutPolyp(p=1)], seed=seed)
    made = compose(image=image, mask=mask)
    return made["image"], made["mask"]


def test_a_cut_shows_no_polyp_and_has_the_pictures_size(polyp) -> None:
    cuts = 0
    for seed in SEEDS:
        image, mask = cut(*polyp, seed)
        assert (image.shape, image.dtype) == ((96, 128, 3), np.uint8)
        assert (mask.shape, mask.dtype) == ((96, 128), np.uint8)
        assert mask.any() == (image.max() == POLYP) == np.array_equal(image, polyp[0])
        cuts += not mask.any()
    assert cuts > 0.8 * len(SEEDS)  # now and then none is found in time


def test_a_cut_is_a_function_of_the_seed(polyp) -> None:
    first, again, other = (cut(*polyp, seed)[0] for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_picture_without_room_beside_its_polyp_stays_as_it_is(polyp) -> None:
    image, _ = polyp
    full = np.ones(image.shape[:2], np.uint8)
    full[:20, :30] = 0  # less than a cut's smallest sides
    for seed in SEEDS:
        shown, mask = cut(image, full, seed)
        assert np.array_equal(shown, image)
        assert np.array_equal(mask, full)


def test_cuts_keep_to_tissue_where_half_the_picture_is_a_dark_panel(polyp) -> None:
    image, mask = polyp
    image[:, 64:] = DARK - 20
    nothing = np.zeros_like(mask)
    shares = [(cut(image, nothing, seed)[0].max(2) < DARK).mean() for seed in SEEDS]
    assert max(shares) <= DARKEST_SHARE + 0.02  # a stretched border lies between its samples


def test_a_dark_picture_is_not_cut(polyp) -> None:
    image, mask = polyp
    dark = np.minimum(image, DARK - 1)
    assert np.array_equal(cut(dark, mask, 0)[0], dark)


def test_modern_alone_makes_pictures_without_a_polyp_of_pictures_with_one() -> None:
    mask = np.zeros((96, 128), np.uint8)
    mask[30:60, 30:60] = 1
    image = np.full((96, 128, 3), TISSUE, np.uint8)

    def empty(recipe) -> int:
        compose = augmentation(recipe, 0, 96, 128)
        return sum(not compose(image=image, mask=mask)["mask"].any() for _ in range(100))

    assert empty("modern") >= 10  # a fifth of them is tried
    assert empty("paper-code") == 0


def test_how_many_is_said_by_the_recipe() -> None:
    mask = np.zeros((96, 128), np.uint8)
    mask[30:60, 30:60] = 1
    image = np.full((96, 128, 3), TISSUE, np.uint8)

    def empty(cuts) -> int:
        compose = augmentation("modern", 0, 96, 128, cuts)
        return sum(not compose(image=image, mask=mask)["mask"].any() for _ in range(100))

    assert empty(0.0) < empty(0.2) < empty(0.5) < empty(1.0)
