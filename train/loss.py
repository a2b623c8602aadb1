"""What a member's map is compared with the truth by."""

from typing import Any

import torch
from torch import Tensor, distributed

from nets.errors import ShapeError
from nets.spec import POLYP

DICE_EPSILON = 1.0  # the authors' code; the paper's Eq. 1 has none


def single_channel_dice(
    probability: Tensor, target: Tensor, channel: int = POLYP, epsilon: float = DICE_EPSILON
) -> Tensor:
    """Dice loss of one class, pooled over the batch (paper, Eq. 1; section 2.3).

    With several devices, the batch is all of theirs together. Eq. 1 is the coefficient; what is
    minimised is one minus it, as in the authors' code. The sums are taken in float32: in half
    precision a sum over 256 x 256 overflows.

    Args:
        probability: (N, C, H, W) floating point, softmax over C.
        target: (N, H, W) integer class indices.
        channel: the class that counts.
        epsilon: added to numerator and denominator.

    Returns:
        Scalar float32 in [0, 1]; 0 is a perfect match.

    Raises:
        ShapeError: the two do not agree in N, H or W.
    """
    predicted, truth = _one_class(probability, target, channel)
    sums = torch.stack([(predicted * truth).sum(), predicted.sum() + truth.sum()])
    overlap, total = _of_all_devices(sums)
    loss: Tensor = 1.0 - (2.0 * overlap + epsilon) / (total + epsilon)
    return loss


def cross_entropy(probability: Tensor, target: Tensor, channel: int = POLYP) -> Tensor:
    """Mean binary cross-entropy of one class, float32; arguments as `single_channel_dice`."""
    return binary_cross_entropy(*_one_class(probability, target, channel))


def agreement(probability: Tensor, wanted: Tensor, entropy: float) -> Tensor:
    """How far one class is from a teacher's probability of it, at its least where both agree.

    Dice with squares, pooled over the batch as `single_channel_dice` is: without them a map would
    come closest to a doubtful teacher by being sure. To it, `entropy` times the mean binary
    cross-entropy is added.

    Args:
        probability: (N, C, H, W) floating point, softmax over C.
        wanted: (N, H, W) float32 in [0, 1].
        entropy: weight of the cross-entropy.

    Returns:
        Scalar float32.

    Raises:
        ShapeError: the two do not agree in N, H or W.
    """
    _check_shapes(probability, wanted)
    polyp = probability[:, POLYP].float()
    sums = torch.stack([(polyp * wanted).sum(), (polyp.square() + wanted.square()).sum()])
    overlap, total = _of_all_devices(sums)
    loss: Tensor = 1.0 - (2.0 * overlap + DICE_EPSILON) / (total + DICE_EPSILON)
    if entropy:
        loss = loss + entropy * binary_cross_entropy(polyp, wanted)
    return loss


class _SumOverDevices(torch.autograd.Function):
    """Sums over every device's share of the batch.

    Each device's share is in every device's sum, so its gradient is the sum of all theirs: as
    many times what one device alone would have. DDP's mean over devices takes that factor back.
    """

    @staticmethod
    def forward(ctx: Any, sums: Tensor) -> Tensor:
        return _all_reduced(sums)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _all_reduced(gradients[0])


def _all_reduced(values: Tensor) -> Tensor:
    total = values.clone()
    distributed.all_reduce(total)
    return total


def _of_all_devices(sums: Tensor) -> Tensor:
    if not (distributed.is_available() and distributed.is_initialized()):
        return sums
    total: Tensor = _SumOverDevices.apply(sums)
    return total


def binary_cross_entropy(probability: Tensor, wanted: Tensor) -> Tensor:
    """Mean cross-entropy of one class, from probability and truth of one shape, in [0, 1]."""
    # Written out: the library's own refuses a NaN on the CPU and on CUDA ends the process by it.
    sure = probability.clamp(1e-6, 1.0 - 1e-6)
    return -(wanted * sure.log() + (1.0 - wanted) * (1.0 - sure).log()).mean()


def _one_class(probability: Tensor, target: Tensor, channel: int) -> tuple[Tensor, Tensor]:
    _check_shapes(probability, target)
    return probability[:, channel].float(), (target == channel).float()


def _check_shapes(probability: Tensor, target: Tensor) -> None:
    if probability.ndim != 4 or (probability.shape[0], *probability.shape[2:]) != target.shape:
        raise ShapeError(
            f"maps of shape {tuple(probability.shape)} cannot be compared with a target of shape "
            f"{tuple(target.shape)}: N, H and W must agree"
        )
