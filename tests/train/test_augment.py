"""The recipes' augmentations, by name and by what they do to a picture and its mask."""

import albumentations as A  # noqa: N812
import numpy as np
import pytest

from train.augment import augmentation, shift_scale_rotate

PAPERS_NAMES = {
    "horizontal flip": {"HorizontalFlip"},
    "shift scale rotation": {"Affine"},
    "additive Gaussian noise": {"GaussNoise"},
    "perspective shift": {"Perspective"},
    "CLAHE": {"CLAHE"},
    "random brightness and random contrast": {"RandomBrightnessContrast"},
    "random gamma": {"RandomGamma"},
    "random sharpen": {"Sharpen"},
    "random blur": {"Blur"},
    "random motion blur": {"MotionBlur"},
    "hue saturation": {"HueSaturationValue"},
}
"""Section 3.2; resizing is the network's preprocessing."""

RECIPES = ("paper-text", "paper-code", "modern")


def leaves(transform) -> list:
    """All augmentations inside a composition."""
    inner = getattr(transform, "transforms", None)
    return [leaf for part in inner for leaf in leaves(part)] if inner else [transform]


@pytest.fixture
def sample() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[0:96, 0:128]
    mask = (np.hypot(rows - 50, columns - 60) < 22).astype(np.uint8)
    image = rng.integers(60, 120, (96, 128, 3), np.uint8)
    image[mask > 0] += 90
    return image, mask


@pytest.mark.parametrize("recipe", ["paper-text", "paper-code"])
def test_every_augmentation_of_the_paper_is_there_by_name(recipe: str) -> None:
    names = [type(leaf).__name__ for leaf in leaves(augmentation(recipe, 0, 64, 48))]
    assert set(names) == set().union(*PAPERS_NAMES.values())
    assert names.count("RandomBrightnessContrast") == 2  # brightness alone, contrast alone


def test_probabilities_are_the_authors() -> None:
    steps = augmentation("paper-code", 0, 64, 48).transforms
    assert [step.p for step in steps] == [0.5, 1.0, 0.2, 0.5, 0.9, 0.9, 0.9]


def test_only_the_papers_text_rotates() -> None:
    def rotation(recipe: str) -> tuple[float, float]:
        return next(
            leaf for leaf in leaves(augmentation(recipe, 0, 64, 48)) if isinstance(leaf, A.Affine)
        ).rotate

    assert rotation("paper-code") == (0.0, 0.0)
    assert rotation("paper-text") == (-45.0, 45.0)


def test_an_argument_the_library_does_not_know_would_be_an_error() -> None:
    # It only warns: this holds that a warning fails the tests that build the recipes.
    with pytest.raises(UserWarning, match="not valid"):
        A.Affine(shift_limit=0.1)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_same_seed_makes_the_same_picture(recipe: str, sample) -> None:
    image, mask = sample
    compose = augmentation(recipe, 0, 64, 48)
    made = []
    for seed in (7, 8, 7):
        compose.set_random_seed(seed)
        made.append(compose(image=image, mask=mask))
    assert np.array_equal(made[0]["image"], made[2]["image"])
    assert np.array_equal(made[0]["mask"], made[2]["mask"])
    assert not np.array_equal(made[0]["image"], made[1]["image"])


@pytest.mark.parametrize("recipe", RECIPES)
def test_masks_stay_masks_and_pictures_keep_their_type_and_size(recipe: str, sample) -> None:
    image, mask = sample
    compose = augmentation(recipe, 0, 64, 48)
    for seed in range(20):
        compose.set_random_seed(seed)
        made = compose(image=image, mask=mask)
        size = (64, 48) if recipe == "modern" else mask.shape
        assert (made["image"].dtype, made["image"].shape) == (np.uint8, (*size, 3))
        assert (made["mask"].dtype, made["mask"].shape) == (np.uint8, size)
        assert set(np.unique(made["mask"])) <= {0, 1}


def test_a_polyp_moves_with_its_mask(sample) -> None:
    _, mask = sample
    image = np.repeat(mask[..., None] * 255, 3, axis=2)
    compose = A.Compose(
        [A.HorizontalFlip(p=1), shift_scale_rotate(45.0), A.Perspective(p=1)], seed=0
    )
    for seed in range(10):
        compose.set_random_seed(seed)
        made = compose(image=image, mask=mask)
        differing = (made["image"][..., 0] > 127) != (made["mask"] > 0)
        assert differing.mean() < 0.01  # the outline is interpolated in one and not in the other


def test_both_axes_scale_alike(sample) -> None:
    _, mask = sample
    compose = A.Compose([shift_scale_rotate(0.0)], seed=0)
    ratios = []
    for seed in range(10):
        compose.set_random_seed(seed)
        rows, columns = np.nonzero(compose(image=mask, mask=mask)["mask"])
        if rows.min() > 0 and rows.max() < 95 and columns.min() > 0 and columns.max() < 127:
            ratios.append(np.ptp(columns) / np.ptp(rows))
    assert len(ratios) >= 3
    assert ratios == pytest.approx([1.0] * len(ratios), abs=0.06)  # a sample more or less


def test_no_recipe_is_no_augmentation(sample) -> None:
    image, mask = sample
    made = augmentation("none", 0, 64, 48)(image=image, mask=mask)
    assert np.array_equal(made["image"], image)
