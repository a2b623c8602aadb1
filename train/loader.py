"""Samples in batches, in an order that is a function of seed and epoch alone."""

from collections.abc import Iterator
from typing import Any

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler, default_collate

from nets.errors import DivergentError
from train.dataset import Samples
from train.errors import TrainingError

VALIDATION_BATCH = 16
SEED_STRIDE = 100_003
"""Seeds of two runs meet in no epoch below this one."""

Batch = tuple[Tensor, Tensor]

Loader = DataLoader[Any]
"""Gives a `Batch`, or the error that says why there is none: go through it by `read_batches`."""


class Batches(Sampler[list[int]]):
    """Shuffled indices in batches; with several devices, each has its share of every batch.

    A last batch that is not full is left out, unless it is the only one.

    Args:
        count: samples.
        size: of a batch, on all devices together.
        seed: with `epoch`, decides the order.
        rank: which device this is.
        world: how many devices there are.

    Raises:
        TrainingError: the batch cannot be shared out evenly.
    """

    def __init__(self, count: int, size: int, seed: int, rank: int = 0, world: int = 1) -> None:
        if world > 1 and (size % world or count < size):
            raise TrainingError(
                f"batches of {min(size, count)} cannot be shared evenly among {world} devices: "
                f"give a batch size that is a multiple of {world} and no more than the samples"
            )
        self.count = count
        self.size = min(size, count)
        self.seed = seed
        self.epoch = 0
        share = self.size // world
        self.share = slice(rank * share, (rank + 1) * share)

    def __len__(self) -> int:
        return self.count // self.size

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(self.seed * SEED_STRIDE + self.epoch)
        order = torch.randperm(self.count, generator=generator).tolist()
        for start in range(0, len(self) * self.size, self.size):
            yield order[start : start + self.size][self.share]


def training_loader(samples: Samples, batches: Batches, workers: int) -> Loader:
    """Batches in training order.

    Args:
        samples: what to go through; `samples.epoch` and `batches.epoch` are set before each pass.
        batches: their order.
        workers: processes that prepare samples; 0 prepares them in this one.
    """
    return DataLoader(samples, batch_sampler=batches, **_feeding(samples, workers))


def validation_loader(samples: Samples, workers: int) -> Loader:
    """Batches in the samples' own order."""
    return DataLoader(samples, VALIDATION_BATCH, **_feeding(samples, workers))


def read_batches(loader: Loader) -> Iterator[Batch]:
    """Go through a loader; an unreadable sample is raised as the error it is.

    Raises:
        ManifestError: a picture or mask cannot be read.
    """
    for batch in loader:
        if isinstance(batch, DivergentError):
            raise batch
        yield batch


def _feeding(samples: Samples, workers: int) -> dict[str, Any]:
    options: dict[str, Any] = {"num_workers": workers, "collate_fn": _collate}
    if workers:
        # Forked workers share what is decoded now; OpenCV's own threads do not survive a fork.
        cv2.setNumThreads(0)
        samples.decode_all()
        options |= {"multiprocessing_context": "fork", "persistent_workers": True}
    return options


def _collate(items: list[Batch | DivergentError]) -> Any:
    # An error raised in a worker would arrive wrapped in its traceback: it is handed on instead.
    return next((item for item in items if isinstance(item, DivergentError)), None) or (
        default_collate(items)
    )
