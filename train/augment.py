"""The paper's thirteen augmentations by name, and the recipes made of them.

Probabilities and ranges of `paper-code` are the authors' code's; where the paper's text and
the code differ, `paper-text` follows the text (rotation, bilinear) and says so here.
"""

from typing import Literal

import albumentations as A  # noqa: N812 (as its own documentation does)
import cv2

from train.negatives import CropWithoutPolyp
from train.viewpoint import Viewpoint

Augmentation = Literal["none", "paper-text", "paper-code", "modern"]

CUTS = 0.2
"""Unless a recipe says otherwise, so many pictures become cuts of themselves without a polyp."""

ROTATION_OF_TEXT = 45.0  # degrees; the paper names rotation but no limit: our choice, the library's


def shift_scale_rotate(rotation: float) -> A.BasicTransform:
    """Shift by up to 10 %, scale by up to 50 % and rotate; both axes scale alike."""
    return A.Affine(
        scale=(0.5, 1.5),
        keep_ratio=True,
        translate_percent=(-0.1, 0.1),
        rotate=(-rotation, rotation),
        border_mode=cv2.BORDER_CONSTANT,
        p=1.0,
    )


def _paper(rotation: float) -> list[A.BasicTransform | A.OneOf]:
    return [
        A.HorizontalFlip(p=0.5),
        shift_scale_rotate(rotation),
        A.GaussNoise(std_range=(0.01, 0.05), per_channel=False, p=0.2),
        A.Perspective(p=0.5),
        A.OneOf(
            [
                A.CLAHE(p=1),
                A.RandomBrightnessContrast(brightness_limit=0.2, contrast_limit=0, p=1),
                A.RandomGamma(p=1),
            ],
            p=0.9,
        ),
        A.OneOf(
            [A.Sharpen(p=1), A.Blur(blur_limit=3, p=1), A.MotionBlur(blur_limit=3, p=1)], p=0.9
        ),
        A.OneOf(
            [
                A.RandomBrightnessContrast(brightness_limit=0, contrast_limit=0.2, p=1),
                A.HueSaturationValue(p=1),
            ],
            p=0.9,
        ),
    ]


def _modern(height: int, width: int, cuts: float) -> list[A.BasicTransform | A.OneOf]:
    return [
        # Almost every labelled frame has a polyp: without these, one is seen everywhere.
        CropWithoutPolyp(p=cuts),
        Viewpoint(height, width),
        A.ColorJitter(
            brightness=(0.6, 1.4),
            contrast=(0.6, 1.4),
            saturation=(0.6, 1.4),
            hue=(-0.05, 0.05),
            p=0.8,
        ),
        A.RandomGamma(gamma_limit=(70, 140), p=0.3),
        # As coarse as a camera's after its chip's colours are put together, and cheaper.
        A.GaussNoise(std_range=(0.01, 0.05), noise_scale_factor=0.5, p=0.3),
        A.OneOf(
            [A.MotionBlur(blur_limit=(3, 7), p=1), A.GaussianBlur(sigma_limit=(0.3, 1.5), p=1)],
            p=0.3,
        ),
        A.ImageCompression(quality_range=(40, 90), p=0.2),
    ]


def augmentation(
    recipe: Augmentation, seed: int, height: int, width: int, cuts: float = CUTS
) -> A.Compose:
    """A recipe, called as `compose(image=rgb, mask=mask)` on (H, W, 3) and (H, W) uint8.

    Args:
        recipe: `paper-text`, `paper-code`, `modern` or `none`.
        seed: of the compose; `compose.set_random_seed` starts it again.
        height: rows of what comes out of `modern`; the others keep the picture's size.
        width: columns of it.
        cuts: share of the pictures of which `modern` shows a cut without a polyp.
    """
    transforms: dict[str, list[A.BasicTransform | A.OneOf]] = {
        "none": [],
        "paper-text": _paper(ROTATION_OF_TEXT),
        "paper-code": _paper(0.0),
        "modern": _modern(height, width, cuts),
    }
    return A.Compose(transforms[recipe], seed=seed)
