"""An ensemble that teaches: what it makes of the very pictures that its pupil is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.bundle import Bundle
from nets.engine.eager import load_ensemble
from nets.ensemble import DivergentNets
from nets.preprocessing import Preprocessing
from train.manifest import Sample


@dataclass(frozen=True, slots=True)
class Teaching:
    """What a member is taught by.

    Attributes:
        teacher: the ensemble.
        unlabelled: pictures beside the labelled ones, of which only the teacher knows something.
    """

    teacher: Bundle
    unlabelled: Sequence[Sample] = ()


class Teacher(nn.Module):
    """The ensemble's probability for pictures as its pupil is shown them.

    It sees the same augmented picture, and not the one it was made of: so what it says is of what
    the pupil sees. Each of its members gets that picture at its own size, values and order.

    Args:
        bundle: the ensemble.
        contract: of the pictures, which is the pupil's.
    """

    def __init__(self, bundle: Bundle, contract: Preprocessing) -> None:
        super().__init__()
        self.ensemble: DivergentNets = load_ensemble(bundle).requires_grad_(False)
        self._contract = contract

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """(N, h, w) float32 probability of polyp, of (N, h, w, 3) uint8."""
        views = torch.tensor([[0.0, 0.0, 1.0, 1.0]], device=images.device).repeat(len(images), 1)
        inputs = [self._as_shown(images, contract) for contract in self.ensemble.contracts]
        polyp: Tensor = self.ensemble(views, *inputs)[0][:, None].float()
        size = images.shape[1:3]
        if polyp.shape[2:] != size:
            polyp = functional.interpolate(polyp, size, mode="bilinear", align_corners=False)
        return polyp[:, 0]

    def _as_shown(self, images: Tensor, contract: Preprocessing) -> Tensor:
        """(N, H, W, 3): the pictures as one of the ensemble's contracts wants them."""
        if contract.order != self._contract.order:
            images = images.flip(-1)
        size = (contract.height, contract.width)
        if images.shape[1:3] == size:
            return images
        planes = images.permute(0, 3, 1, 2).float()
        resized = functional.interpolate(
            planes, size, mode="bilinear", align_corners=False, antialias=True
        )
        return resized.permute(0, 2, 3, 1)
