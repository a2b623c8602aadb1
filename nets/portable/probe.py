"""Made-up frames: to trace a portable ensemble with, and to compare what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nets.portable.graph import PortableEnsemble

FRAMES, HEIGHT, WIDTH = 2, 240, 320
VIEWS = ((0, 0, WIDTH, HEIGHT), (60, 20, 220, 200))

CELLS = 6
TISSUE = (200.0, 110.0, 90.0)
"""Frames are soft patches of tissue's colour, so many across."""

LARGEST_BATCH, SMALLEST_SIDE, LARGEST_SIDE = 64, 16, 8192
"""Sizes that a graph has to take."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Inputs of a portable ensemble, and which of their sizes may be others.

    Attributes:
        frame: (N, H, W, 3) uint8.
        view: (N, 4) int64.
        dynamic_shapes: as `torch.export` takes them.
    """

    frame: Tensor
    view: Tensor
    dynamic_shapes: Any

    @classmethod
    def example(cls) -> "Asked":
        """The same every time."""
        dice = torch.Generator().manual_seed(0)
        cells = torch.rand(FRAMES, 3, CELLS, CELLS, generator=dice)
        soft = functional.interpolate(cells, (HEIGHT, WIDTH), mode="bilinear", align_corners=False)
        levels = soft * torch.tensor(TISSUE).view(1, 3, 1, 1)
        batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
        height, width = (
            torch.export.Dim(name, min=SMALLEST_SIDE, max=LARGEST_SIDE)
            for name in ("height", "width")
        )
        return cls(
            levels.to(torch.uint8).permute(0, 2, 3, 1).contiguous(),
            torch.tensor(VIEWS),
            {"frame": {0: batch, 1: height, 2: width}, "view": {0: batch}},
        )

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """Both, in order."""
        return self.frame, self.view


def largest_difference(
    ensemble: PortableEnsemble, run: Callable[[NDArray[np.uint8], NDArray[np.int64]], Any]
) -> float:
    """The largest difference of a probability between PyTorch and another runtime.

    Args:
        ensemble: as PyTorch runs it.
        run: gives the probability of a frame and a view, both as (1, ...) arrays.
    """
    asked = Asked.example()
    with torch.inference_mode():
        expected = ensemble(asked.frame, asked.view)[1].numpy()
    # One by one: a graph must not remember the size of the batch that it was traced with.
    answers = [
        np.asarray(run(asked.frame[n : n + 1].numpy(), asked.view[n : n + 1].numpy()))[0]
        for n in range(FRAMES)
    ]
    return float(np.abs(np.stack(answers) - expected).max())
