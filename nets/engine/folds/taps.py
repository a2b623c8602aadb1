"""Taps of dilated convolutions that see nothing but padding, taken out.

At a dilation as large as the map, the outer taps of a 3x3 kernel lie outside wherever its centre
is: what is left is a 1x1. DeepLabv3's pyramid (dilations 12, 24 and 36) is full of them on small
maps.
"""

from collections import defaultdict
from copy import copy

from torch import Tensor, nn

from nets.engine.folds.rewriting import replace_modules, run_watched


def drop_dead_taps(network: nn.Module, picture: Tensor) -> int:
    """Make kernels smaller where their outer taps only ever see zeros, in place.

    Args:
        network: takes (N, 3, H, W); in evaluation mode, on the CPU.
        picture: (1, 3, H, W) of the size for which it is rewritten. On a smaller one the result is
            right too, on a larger one wrong.

    Returns:
        How many convolutions became smaller.
    """
    lost: dict[nn.Conv2d, list[tuple[int, int]]] = defaultdict(list)

    def seen(module: nn.Conv2d, given: tuple[Tensor, ...], result: Tensor) -> None:
        sides = zip(given[0].shape[2:], result.shape[2:], strict=True)
        rows, columns = (
            _dead_rings(module, axis, before, after) for axis, (before, after) in enumerate(sides)
        )
        lost[module].append((rows, columns))

    hooks = (
        module.register_forward_hook(seen)
        for module in network.modules()
        if type(module) is nn.Conv2d  # some libraries' own ones pad by themselves
        and max(module.dilation) > 1
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
    )
    run_watched(network, picture, hooks)
    smaller: dict[nn.Module, nn.Module] = {
        module: _smaller(module, (min(rows), min(columns)))
        for module, runs in lost.items()
        for rows, columns in [tuple(zip(*runs, strict=True))]
        if min(rows) or min(columns)
    }
    return replace_modules(network, smaller)


def _dead_rings(convolution: nn.Conv2d, axis: int, before: int, after: int) -> int:
    """How many taps at each end of an axis see padding alone, the same number at both."""
    kernel, stride = convolution.kernel_size[axis], convolution.stride[axis]
    padding, dilation = int(convolution.padding[axis]), convolution.dilation[axis]
    alive = [
        tap
        for tap in range(kernel)
        if any(0 <= place * stride + tap * dilation - padding < before for place in range(after))
    ]
    if not alive:
        return 0
    rings = min(alive[0], kernel - 1 - alive[-1])
    return min(rings, padding // dilation)


def _smaller(convolution: nn.Conv2d, rings: tuple[int, int]) -> nn.Conv2d:
    before, around = convolution.kernel_size, convolution.padding
    assert not isinstance(around, str)
    rows, columns = (slice(ring, side - ring) for ring, side in zip(rings, before, strict=True))
    weight = convolution.weight.detach()[:, :, rows, columns].contiguous()
    made = copy(convolution)
    made._parameters = dict(convolution._parameters)
    made.weight = nn.Parameter(weight, requires_grad=False)
    made.kernel_size = (weight.shape[2], weight.shape[3])
    made.padding = tuple(
        padding - ring * dilation
        for padding, ring, dilation in zip(around, rings, convolution.dilation, strict=True)
    )
    return made
