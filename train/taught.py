"""Samples with and without labels, mixed: what a pupil goes through in a pass."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from nets.errors import DivergentError
from nets.preprocessing import Preprocessing
from train.augment import CUTS, Augmentation
from train.dataset import Item, Samples
from train.manifest import Sample

UNKNOWN = 255
"""Level of a target where nobody has drawn a mask."""


class TaughtSamples(Samples):
    """Every labelled sample once a pass, and so many unlabelled ones, drawn anew for each pass.

    An item is as those of `Samples`; the target of one without a label is `UNKNOWN` everywhere.
    Which are drawn depends on (seed, epoch) alone, none twice before all had their turn.

    Args:
        labelled: with masks.
        unlabelled: without; whatever they say of a mask is not looked at.
        contract: as `Samples`.
        recipe: as `Samples`.
        seed: as `Samples`.
        ratio: unlabelled samples for each labelled one; without labelled ones all are taken.
        cuts: as `Samples`.
    """

    def __init__(
        self,
        labelled: Sequence[Sample],
        unlabelled: Sequence[Sample],
        contract: Preprocessing,
        recipe: Augmentation,
        seed: int,
        *,
        ratio: float,
        cuts: float = CUTS,
    ) -> None:
        super().__init__([*labelled, *unlabelled], contract, recipe, seed, cuts=cuts)
        self._labelled, self._unlabelled = len(labelled), len(unlabelled)
        wanted = round(ratio * len(labelled)) if labelled else len(unlabelled)
        self._drawn = wanted if unlabelled else 0
        self._unknown = {sample.image for sample in unlabelled}

    def __len__(self) -> int:
        return self._labelled + self._drawn

    def __getitem__(self, index: int) -> Item | DivergentError:
        if index < self._labelled:
            return super().__getitem__(index)
        item = super().__getitem__(self._labelled + self._draw(index - self._labelled))
        if isinstance(item, DivergentError):
            return item
        image, target = item
        return image, torch.full_like(target, UNKNOWN)

    def _draw(self, place: int) -> int:
        """Which unlabelled sample stands at a place in this pass."""
        # The first place of a pass follows the last of the one before it.
        turn, place = divmod(self.epoch * self._drawn + place, self._unlabelled)
        return int(_shuffled(self._unlabelled, self.seed, turn)[place])

    def _is_cut_to_view(self, sample: Sample) -> bool:
        # Whole frames have their use beside masks; a teacher knows more of what fills its view.
        return sample.image in self._unknown or super()._is_cut_to_view(sample)


@lru_cache(maxsize=4)
def _shuffled(count: int, seed: int, turn: int) -> NDArray[np.int64]:
    """All places once, in the order of one turn through them."""
    return np.random.default_rng([seed, turn]).permutation(count)
