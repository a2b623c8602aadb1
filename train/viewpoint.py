"""The same tissue seen from elsewhere: mirrored, turned, nearer or further, beside, aslant."""

import math
from typing import Any

import albumentations as A  # noqa: N812
import cv2
import numpy as np
from numpy.typing import NDArray

ZOOM = (0.7, 1.8)
SHIFT = 0.1
"""Of the picture's sides, either way."""

TILT = 0.1
"""The nearer side of what is seen aslant is larger by as much, and the farther one smaller."""

ASLANT = 0.2
"""Share of the pictures that are."""


class Viewpoint(A.DualTransform):  # type: ignore[misc]
    """Show a picture as the endoscope would have from elsewhere, at the network's size.

    A colonoscope has no up: every rotation is a picture that could have been taken. All of it is
    one resampling, which blurs less than one after another, and is several times faster.

    Args:
        height: rows of what comes out.
        width: its columns.
    """

    _targets = (A.core.type_definitions.Targets.IMAGE, A.core.type_definitions.Targets.MASK)

    def __init__(self, height: int, width: int) -> None:
        super().__init__(p=1.0)
        self.height = height
        self.width = width

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        """Choose a viewpoint: the (3, 3) matrix from the picture's pixels to those shown."""
        height, width = params["shape"][:2]
        chance = self.py_random
        zoom, angle = chance.uniform(*ZOOM), math.radians(chance.uniform(-180.0, 180.0))
        mirror = chance.choice((-1.0, 1.0))
        aslant = np.eye(3)
        if chance.random() < ASLANT:
            aslant[2, :2] = chance.uniform(-TILT, TILT), chance.uniform(-TILT, TILT)
        cosine, sine = zoom * math.cos(angle), zoom * math.sin(angle)
        turned = np.array([[mirror * cosine, -sine, 0], [mirror * sine, cosine, 0], [0, 0, 1]])
        moved = np.eye(3)
        # A side is two units long.
        moved[:2, 2] = 2 * chance.uniform(-SHIFT, SHIFT), 2 * chance.uniform(-SHIFT, SHIFT)
        out = np.linalg.inv(_to_unit(self.height, self.width))
        # The turn is one of the pixels shown: those of an oblong are no squares in units.
        pixels = np.diag([self.width / 2, self.height / 2, 1.0])
        turned = np.linalg.inv(pixels) @ turned @ pixels
        return {"matrix": out @ moved @ aslant @ turned @ _to_unit(height, width)}

    def apply(
        self, img: NDArray[np.uint8], matrix: NDArray[np.float64], **params: Any
    ) -> NDArray[np.uint8]:
        """Show the picture, (H, W, 3)."""
        return self._shown(img, matrix, cv2.INTER_LINEAR)

    def apply_to_mask(
        self, mask: NDArray[np.uint8], matrix: NDArray[np.float64], **params: Any
    ) -> NDArray[np.uint8]:
        """Show its mask, (H, W)."""
        return self._shown(mask, matrix, cv2.INTER_NEAREST)

    def _shown(
        self, picture: NDArray[np.uint8], matrix: NDArray[np.float64], interpolation: int
    ) -> NDArray[np.uint8]:
        size = (self.width, self.height)
        return np.asarray(cv2.warpPerspective(picture, matrix, size, flags=interpolation), np.uint8)


def _to_unit(height: int, width: int) -> NDArray[np.float64]:
    """From pixels to [-1, 1] on both sides, 0 in the middle."""
    return np.array([[2 / width, 0, 1 / width - 1], [0, 2 / height, 1 / height - 1], [0, 0, 1]])
