"""Samples as a network wants them: decoded once, augmented anew each time, exactly repeatable."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from nets.preprocessing import Preprocessing, prepare_rgb
from train.augment import Recipe, augmentation
from train.manifest import Sample
from train.pictures import read_mask, read_rgb

CACHE_MARGIN = 1.25
"""Pictures are cached at this many times the network's size, so that zooming in finds detail."""


class Samples(Dataset[tuple[Tensor, Tensor]]):
    """A split of a manifest.

    An item is (image, mask): (3, h, w) uint8 as the contract prepares it, not yet normalised,
    and (h, w) int64 of 0 and 1. Its augmentation depends on (seed, epoch, index) alone, so a
    training that was interrupted goes on exactly as it would have.

    Args:
        samples: what to go through.
        contract: size, filter and colour order of the network's input.
        recipe: how to augment; `none` for validation.
        seed: of the augmentation.
        cache: keep decoded pictures, shrunk to little more than the network needs, in memory.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        contract: Preprocessing,
        recipe: Recipe,
        seed: int,
        *,
        cache: bool = True,
    ) -> None:
        self.samples = list(samples)
        self.contract = contract
        self.seed = seed
        self.epoch = 0
        self._compose = None if recipe == "none" else augmentation(recipe, seed)
        self._cache: dict[int, tuple[NDArray[np.uint8], NDArray[np.uint8]]] | None = (
            {} if cache else None
        )

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        rgb, mask = self._decoded(index)
        if self._compose is not None:
            seed = np.random.SeedSequence([self.seed, self.epoch, index]).generate_state(1)[0]
            self._compose.set_random_seed(int(seed))
            augmented = self._compose(image=rgb, mask=mask)
            rgb, mask = augmented["image"], augmented["mask"]
        prepared = prepare_rgb(rgb, self.contract)
        size = (self.contract.width, self.contract.height)
        target = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        return torch.from_numpy(prepared).permute(2, 0, 1), torch.from_numpy(target).long()

    def _decoded(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if self._cache is not None and index in self._cache:
            return self._cache[index]
        sample = self.samples[index]
        rgb = read_rgb(sample.image)
        mask = read_mask(sample.mask, rgb.shape[:2]).astype(np.uint8)
        if self._cache is not None:
            rgb, mask = self._shrunk(rgb, mask)
            self._cache[index] = rgb, mask
        return rgb, mask

    def _shrunk(
        self, rgb: NDArray[np.uint8], mask: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if self.contract.resize == "nearest":
            return rgb, mask  # the authors' pixels are those of the full picture
        # The network's shape, not the picture's: a stretch that comes anyway may come first.
        width = min(round(self.contract.width * CACHE_MARGIN), rgb.shape[1])
        height = min(round(self.contract.height * CACHE_MARGIN), rgb.shape[0])
        return (
            cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA),
            cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST),
        )


def normalise(images: Tensor, contract: Preprocessing) -> Tensor:
    """A batch as the network wants it: (N, 3, h, w) uint8 to float32 by the contract's values."""
    scale, offset = (torch.from_numpy(v).to(images.device) for v in contract.affine())
    return images.float() * scale.view(1, 3, 1, 1) + offset.view(1, 3, 1, 1)
