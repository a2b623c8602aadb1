"""A convolution, its bias and the ReLU behind it as one step, where a device has one.

On a GPU, PyTorch adds a convolution's bias in a pass of its own over the result, and the ReLU is
another: at half precision these two took a third of the full ensemble's time (docs/gpu.md).
"""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.engine.folds.rewriting import run_watched

Convolve = Callable[[Tensor, nn.Conv2d], Tensor]
"""ReLU of a convolution with its bias."""

ROUNDING = 1e-5
"""Of the largest value, in single precision: the same sums in the same order."""

SIDE = 64
"""Rows and columns of the picture by which the pairs are found; every encoder takes it."""

RECTIFIED = "rectified"
"""Set on a result that has no negative values, so that a ReLU has nothing to do."""


def convolve(image: Tensor, convolution: nn.Conv2d) -> Tensor:
    """The same in two steps, as PyTorch comes."""
    result: Tensor = functional.relu_(convolution(image))
    return result


class Rectified(nn.Module):
    """A convolution with a bias, and ReLU.

    Attributes:
        convolution: what comes first.
        step: does both.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        self.step: Convolve = convolve

    def forward(self, image: Tensor) -> Tensor:
        """ReLU of the convolution's result."""
        result = self.step(image, self.convolution)
        setattr(result, RECTIFIED, True)
        return result


class Rest(nn.Module):
    """The ReLU that stays: one module may serve several places, not all behind a convolution."""

    def forward(self, image: Tensor) -> Tensor:
        """ReLU, where it has not been done yet."""
        if getattr(image, RECTIFIED, False):
            return image
        return functional.relu(image)


def join_relu(network: nn.Module, step: Convolve) -> nn.Module:
    """A copy in which convolutions and the ReLUs behind them are one step each.

    Which ones are is seen by running the network: a convolution whose very result a ReLU is given.
    What cannot be seen so, that nothing else reads that result, is made sure of by comparing.

    Args:
        network: takes (N, 3, H, W); in evaluation mode, float32, on the CPU, its norms folded.
        step: how both are done.

    Returns:
        The copy, or the network itself where the copy would answer something else.
    """
    joined = deepcopy(network)
    pairs = _before_relu(joined)
    for name, module in list(joined.named_modules(remove_duplicate=False)):
        if module in pairs:
            assert isinstance(module, nn.Conv2d)
            joined.set_submodule(name, Rectified(module))
        elif isinstance(module, nn.ReLU):
            joined.set_submodule(name, Rest())
    picture = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected: Tensor = network(picture)
        off = (joined(picture) - expected).abs().max()
    if off > ROUNDING * expected.abs().max():
        return network
    for module in joined.modules():
        if isinstance(module, Rectified):
            module.step = step
    return joined


def _before_relu(network: nn.Module) -> set[nn.Conv2d]:
    """Convolutions that have a ReLU behind them whenever they run."""
    made_by: dict[int, tuple[nn.Conv2d, Tensor, int]] = {}
    runs: Counter[nn.Conv2d] = Counter()
    rectified: Counter[nn.Conv2d] = Counter()

    def after_convolution(module: nn.Conv2d, _: Any, result: Tensor) -> None:
        runs[module] += 1
        # Kept alive, or its id would be another's; what is added to it in place is noticed.
        made_by[id(result)] = module, result, result._version

    def before(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        module, result, version = made_by.get(id(given[0]), (None, None, 0))
        if module is not None and result is given[0] and result._version == version:
            rectified[module] += 1

    hooks = (
        module.register_forward_hook(after_convolution)
        if isinstance(module, nn.Conv2d)
        else module.register_forward_pre_hook(before)
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.ReLU)
    )
    run_watched(network, torch.zeros(1, 3, SIDE, SIDE), hooks)
    return {it for it, count in rectified.items() if count == runs[it] and _is_plain(it)}


def _is_plain(convolution: nn.Conv2d) -> bool:
    return (
        convolution.bias is not None
        and convolution.padding_mode == "zeros"
        and not isinstance(convolution.padding, str)
    )
