"""Scores of a few classes, enlarged bilinearly by two matrix products.

Along an axis bilinear enlarging is a matrix with two values a row, so a whole map is rows times map
times columns. That is more multiplications than two by two, but of the kind that processors are
made for: their libraries resize a vector of channels at a time, which two classes leave empty.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.engine.folds.rewriting import replace_modules, run_watched

FEW = 4
"""Channels up to which products are faster; maps of features have many more."""


class Products(nn.Module):
    """Enlarges (N, C, h, w) maps of one size.

    Args:
        enlarging: how the library does it.
        size: h and w.
        like: a tensor of the same type.
    """

    def __init__(self, enlarging: nn.Upsample, size: tuple[int, int], like: Tensor) -> None:
        super().__init__()
        self.rows: Tensor
        self.columns: Tensor
        rows, columns = (_along_an_axis(enlarging, side).to(like.dtype) for side in size)
        self.register_buffer("rows", rows)
        self.register_buffer("columns", columns.t().contiguous())

    def forward(self, maps: Tensor) -> Tensor:
        """The enlarged maps."""
        return self.rows @ (maps @ self.columns)


def fold_scores(network: nn.Module, picture: Tensor) -> int:
    """Enlarge a network's scores by products, in place.

    Args:
        network: takes (N, 3, H, W); in evaluation mode, on the CPU.
        picture: (1, 3, H, W) of the size for which it is rewritten.

    Returns:
        How many enlargings were rewritten.
    """
    seen: dict[nn.Upsample, set[tuple[int, int]]] = {}

    def before(module: nn.Upsample, given: tuple[Tensor, ...]) -> None:
        _, channels, *size = given[0].shape
        seen.setdefault(module, set()).add((size[0], size[1]) if channels <= FEW else (0, 0))

    hooks = (
        module.register_forward_pre_hook(before)
        for module in network.modules()
        if isinstance(module, nn.Upsample) and module.mode == "bilinear"
    )
    run_watched(network, picture, hooks)
    made: dict[nn.Module, nn.Module] = {
        module: Products(module, next(iter(sizes)), picture)
        for module, sizes in seen.items()
        if len(sizes) == 1 and (0, 0) not in sizes
    }
    return replace_modules(network, made)


def _along_an_axis(enlarging: nn.Upsample, side: int) -> Tensor:
    """(enlarged, side): what each sample is made of."""
    return functional.interpolate(
        torch.eye(side, dtype=torch.float64)[None],
        size=enlarging.size,
        scale_factor=enlarging.scale_factor,
        mode="linear",
        align_corners=enlarging.align_corners,
    )[0].t()
