"""Members' maps brought to one grid and fused there, on whatever device they are."""

import torch
from torch import Tensor
from torch.nn import functional

from nets.grid import Grid


def to_grid(polyp: Tensor, extent: str, grid: Grid, views: Tensor) -> Tensor:
    """A member's map on the bundle's grid: bilinear, zero outside the member's own extent.

    Args:
        polyp: (N, h, w) probability over the member's extent.
        extent: `view` or `frame`: what the member was shown.
        grid: where the map is wanted.
        views: (N, 4) float: each view's left, top, width and height as shares of its frame.

    Returns:
        (N, grid.height, grid.width).
    """
    maps = polyp.unsqueeze(1)
    size = (grid.height, grid.width)
    if extent == grid.extent:
        if maps.shape[2:] == size:
            return polyp
        return functional.interpolate(
            maps, size=size, mode="bilinear", align_corners=False, antialias=False
        ).squeeze(1)
    theta = _placement(views if grid.extent == "view" else _inverse(views))
    where = functional.affine_grid(
        theta.to(maps.dtype), [maps.shape[0], 1, *size], align_corners=False
    )
    return functional.grid_sample(
        maps, where, mode="bilinear", padding_mode="zeros", align_corners=False
    ).squeeze(1)


def _placement(rects: Tensor) -> Tensor:
    """(N, 2, 3): from a grid over `rects` to coordinates of the whole they are shares of."""
    left, top, width, height = rects.unbind(1)
    zero = torch.zeros_like(left)
    across = torch.stack([width, zero, 2 * left + width - 1], 1)
    down = torch.stack([zero, height, 2 * top + height - 1], 1)
    return torch.stack([across, down], 1)


def _inverse(rects: Tensor) -> Tensor:
    """The whole, as shares of each rectangle."""
    left, top, width, height = rects.unbind(1)
    return torch.stack([-left / width, -top / height, 1 / width, 1 / height], 1)
