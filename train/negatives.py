"""Pictures without a polyp, cut from pictures that have one."""

from typing import Any

import albumentations as A  # noqa: N812
import cv2
import numpy as np
from numpy.typing import NDArray

SIDES = (0.35, 0.75)
"""A cut's sides as shares of the picture's: enough tissue, and room to miss the polyp."""

ATTEMPTS = 12
"""Enough wherever the polyp leaves some room; more would be slow where it leaves none."""

DARK = 40
"""Panels and the corners of a round picture are darker in every channel, in 0-255."""

DARKEST_SHARE = 0.3
"""More of it than this, and the cut shows a panel rather than tissue."""


class CropWithoutPolyp(A.DualTransform):  # type: ignore[misc]
    """Cut out tissue that holds no polyp and show it at the picture's size.

    A picture in which a few attempts find no such place stays as it is.
    """

    _targets = (A.core.type_definitions.Targets.IMAGE, A.core.type_definitions.Targets.MASK)

    @property
    def targets_as_params(self) -> list[str]:
        """What the choice of a cut depends on."""
        return ["image", "mask"]

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        """Choose a cut: slices, or None where none was found."""
        mask, image = data["mask"], data["image"]
        height, width = mask.shape
        for _ in range(ATTEMPTS):
            share = self.py_random.uniform(*SIDES)
            rows, columns = max(1, int(share * height)), max(1, int(share * width))
            top = self.py_random.randint(0, height - rows)
            left = self.py_random.randint(0, width - columns)
            cut = slice(top, top + rows), slice(left, left + columns)
            if not mask[cut].any() and (image[cut].max(2) < DARK).mean() <= DARKEST_SHARE:
                return {"cut": cut}
        return {"cut": None}

    def apply(
        self, img: NDArray[np.uint8], cut: tuple[slice, slice] | None, **params: Any
    ) -> NDArray[np.uint8]:
        """Cut the picture, (H, W, 3)."""
        return _stretched(img, cut, cv2.INTER_LINEAR)

    def apply_to_mask(
        self, mask: NDArray[np.uint8], cut: tuple[slice, slice] | None, **params: Any
    ) -> NDArray[np.uint8]:
        """Cut its mask, (H, W)."""
        return _stretched(mask, cut, cv2.INTER_NEAREST)


def _stretched(
    picture: NDArray[np.uint8], cut: tuple[slice, slice] | None, interpolation: int
) -> NDArray[np.uint8]:
    if cut is None:
        return picture
    height, width = picture.shape[:2]
    resized = cv2.resize(picture[cut], (width, height), interpolation=interpolation)
    return np.asarray(resized, np.uint8)
