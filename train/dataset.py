"""Samples as a network wants them: decoded once, augmented anew each time, exactly repeatable."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import albumentations as A  # noqa: N812
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from nets.errors import DivergentError
from nets.preprocessing import Preprocessing, prepare_rgb
from nets.resizing import INTERPOLATION
from train.augment import CUTS, Augmentation, augmentation
from train.errors import ManifestError
from train.manifest import Sample
from train.pictures import content_of, read_mask, read_rgb
from train.view import find_view_in

ZOOMING: tuple[Augmentation, ...] = ("modern",)
"""Recipes that bring the picture to its final size themselves; the paper's are given it so."""

CACHE_MARGIN = 1.25
"""Times the network's size at which these see a picture, so that zooming in finds detail."""

CACHE_BYTES = 4 * 2**30
"""What does not fit is decoded each time: 10,000 pictures for a network's 256x256 do."""

Decoded = tuple[NDArray[np.uint8], NDArray[np.uint8]]
Item = tuple[Tensor, Tensor]


class Samples(Dataset[Item | DivergentError]):
    """A split of a manifest.

    An item is (image, mask): (h, w, 3) uint8 as the contract prepares it, not yet normalised,
    and (h, w) uint8 of 0 and 1; or the error that says why it cannot be read. Its augmentation
    depends on (seed, epoch, index) alone, so a training that was interrupted goes on exactly as
    it would have.

    Args:
        samples: what to go through.
        contract: size, filter and colour order of the network's input.
        recipe: how to augment; `none` for validation.
        seed: of the augmentation.
        cuts: share of the pictures of which `modern` shows a cut without a polyp.
        cache_bytes: of decoded pictures, shrunk to little more than the network needs, that are
            kept in memory by their content.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        contract: Preprocessing,
        recipe: Augmentation,
        seed: int,
        *,
        cuts: float = CUTS,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.samples = list(samples)
        self.contract = contract
        self.recipe = recipe
        self.seed = seed
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]
        self._compose: A.Compose | None = None
        if recipe != "none":
            self._compose = augmentation(recipe, seed, contract.height, contract.width, cuts)
        self._room = cache_bytes
        self._cache: dict[tuple[str, Path | None], Decoded] = {}

    @property
    def epoch(self) -> int:
        """The pass that the augmentation is of; workers that run already are told of a new one."""
        return int(self._epoch)

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Item | DivergentError:
        try:
            rgb, mask = self._decoded(self.samples[index])
        except DivergentError as error:
            return error
        if self._compose is not None:
            seed = np.random.SeedSequence([self.seed, self.epoch, index]).generate_state(1)[0]
            self._compose.set_random_seed(int(seed))
            augmented = self._compose(image=rgb, mask=mask)
            rgb, mask = augmented["image"], augmented["mask"]
        prepared = prepare_rgb(rgb, self.contract)
        size = (self.contract.width, self.contract.height)
        target = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        return torch.from_numpy(prepared), torch.from_numpy(np.asarray(target, np.uint8))

    def decode_all(self) -> None:
        """Decode what fits into the cache now, on all cores.

        Raises:
            ManifestError: a sample cannot be read.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(self._decoded, self.samples):
                if self._room <= 0:
                    pool.shutdown(cancel_futures=True)
                    return

    def _decoded(self, sample: Sample) -> Decoded:
        content = (sample.sha256, sample.mask)
        if content in self._cache:
            return self._cache[content]
        rgb = read_rgb(sample.image)
        if content_of(sample.image) != sample.sha256:
            raise ManifestError(
                f"{sample.image}: has changed since the manifest was made: make it anew"
            )
        mask = read_mask(sample.mask, rgb.shape[:2]).astype(np.uint8)
        if self.contract.extent == "view" and self._is_cut_to_view(sample):
            shown = find_view_in(rgb).slices()
            rgb, mask = np.ascontiguousarray(rgb[shown]), np.ascontiguousarray(mask[shown])
        rgb, mask = self._shrunk(rgb, mask)
        if self._room >= rgb.nbytes + mask.nbytes:
            self._room -= rgb.nbytes + mask.nbytes
            self._cache[content] = rgb, mask
        return rgb, mask

    def _is_cut_to_view(self, sample: Sample) -> bool:
        # Learning from whole frames that are zoomed into did better than learning from views.
        return self.recipe == "none"

    def _shrunk(self, rgb: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Decoded:
        # To the network's shape in any case: a stretch that comes anyway may come first.
        width, height = self.contract.width, self.contract.height
        interpolation = INTERPOLATION[self.contract.resize]
        if self.recipe in ZOOMING:
            width = min(round(width * CACHE_MARGIN), rgb.shape[1])
            height = min(round(height * CACHE_MARGIN), rgb.shape[0])
            interpolation = cv2.INTER_AREA
        size = (width, height)
        small = cv2.resize(rgb, size, interpolation=interpolation)
        small_mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        return np.asarray(small, np.uint8), np.asarray(small_mask, np.uint8)


def normalise(images: Tensor, contract: Preprocessing) -> Tensor:
    """A batch as the network wants it, by the contract's values.

    Args:
        images: (N, h, w, 3) uint8.
        contract: the network's.

    Returns:
        (N, 3, h, w) float32, the channels last in memory.
    """
    scale, offset = (torch.from_numpy(values).to(images.device) for values in contract.affine())
    return (images.float() * scale + offset).permute(0, 3, 1, 2)
