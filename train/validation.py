"""How good a member is on the validation split, at its own size."""

import torch
from torch import Tensor, nn

from nets.preprocessing import Preprocessing
from nets.spec import POLYP
from train.dataset import normalise
from train.loader import Loader, read_batches


def validate(
    module: nn.Module, loader: Loader, contract: Preprocessing, device: torch.device
) -> tuple[float, float]:
    """Mean of per-image IoU and Dice of the polyp class, threshold 0.5, at the network's size.

    An image without polyp scores 1 where nothing is predicted and 0 where something is.

    Raises:
        ManifestError: a sample cannot be read.
    """
    module.eval()
    overlaps: list[Tensor] = []
    totals: list[Tensor] = []
    with torch.inference_mode():
        for images, targets in read_batches(loader):
            probability = module(normalise(images.to(device), contract))[:, POLYP]
            predicted, truth = probability > 0.5, targets.to(device) == POLYP
            overlaps.append((predicted & truth).sum((1, 2)))
            totals.append(predicted.sum((1, 2)) + truth.sum((1, 2)))
    overlap, total = torch.cat(overlaps).double(), torch.cat(totals).double()
    empty = total == 0
    iou = torch.where(empty, 1.0, overlap / (total - overlap).clamp_min(1))
    dice = torch.where(empty, 1.0, 2 * overlap / total.clamp_min(1))
    return float(iou.mean()), float(dice.mean())
