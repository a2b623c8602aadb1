"""Batch normalisation folded into the convolution before it: exact, and a pass less over memory."""

from collections import Counter
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from nets.engine.folds.rewriting import replace_modules, run_watched


def fold_norms(network: nn.Module, picture: Tensor) -> int:
    """Fold every normalisation that directly follows a convolution, in place.

    Which ones do is seen by running the network: a pair is a convolution whose very result a
    normalisation is given, each run once. (That nothing else reads that result besides cannot
    be seen so; in none of the networks that `nets.architectures` builds does anything.)

    Args:
        network: takes (N, 3, H, W); in evaluation mode, on the CPU.
        picture: (1, 3, H, W) of any size that it takes.

    Returns:
        How many were folded.
    """
    made_by: dict[int, tuple[nn.Conv2d, Tensor]] = {}
    runs: Counter[nn.Module] = Counter()
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []

    def after_convolution(module: nn.Conv2d, _: Any, result: Tensor) -> None:
        runs[module] += 1
        made_by[id(result)] = module, result  # kept alive, or its id would be another's

    def before_norm(module: nn.BatchNorm2d, given: tuple[Tensor, ...]) -> None:
        runs[module] += 1
        convolution, result = made_by.get(id(given[0]), (None, None))
        if convolution is not None and result is given[0]:
            pairs.append((convolution, module))

    hooks = (
        module.register_forward_hook(after_convolution)
        if isinstance(module, nn.Conv2d)
        else module.register_forward_pre_hook(before_norm)
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d)
    )
    run_watched(network, picture, hooks)
    folded = {norm: it for it, norm in pairs if runs[it] == runs[norm] == 1}
    for norm, convolution in folded.items():
        _fold(convolution, norm)
    return replace_modules(network, {norm: _rest(norm) for norm in folded})


def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_mean is not None and norm.running_var is not None
    # In double precision: each weight is rounded once.
    values = [
        None if value is None else value.detach().double()
        for value in (
            convolution.weight,
            convolution.bias,
            norm.running_mean,
            norm.running_var,
            norm.weight,
            norm.bias,
        )
    ]
    weight, bias, mean, variance, scale, shift = values
    assert weight is not None and mean is not None and variance is not None
    folded = fuse_conv_bn_weights(weight, bias, mean, variance, norm.eps, scale, shift)
    kind = convolution.weight.dtype
    convolution.weight, convolution.bias = (
        nn.Parameter(value.detach().to(kind), requires_grad=False) for value in folded
    )


def _rest(norm: nn.BatchNorm2d) -> nn.Module:
    """What a normalisation did besides: timm's carry their activation."""
    return nn.Sequential(
        *(
            part
            for part in (getattr(norm, "drop", None), getattr(norm, "act", None))
            if isinstance(part, nn.Module) and not isinstance(part, nn.Identity)
        )
    )
