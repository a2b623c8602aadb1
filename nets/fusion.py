"""Members' maps brought to one grid and fused there, on whatever device they are."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.grid import Grid

WIDTH = 8
"""Channels inside a `cnn`."""

STEEPNESS = 8.0
"""A fresh fusion is a sigmoid of the mean, this much steeper than the mean itself is."""


class Shares(nn.Module):
    """The mean, weighted by each member's share (paper, section 2.2: all alike)."""

    def __init__(self, shares: Sequence[float]) -> None:
        super().__init__()
        self.shares: Tensor
        self.register_buffer("shares", torch.tensor(shares, dtype=torch.float32))

    def forward(self, maps: Tensor) -> Tensor:
        """(N, H, W) in [0, 1], of the members' (N, M, H, W)."""
        return (maps * self.shares.to(maps.dtype).view(1, -1, 1, 1)).sum(1)


class Stacked(nn.Module):
    """One convolution of 1x1 over the members' maps, and a sigmoid."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.mix = _steep_mean(members)

    def forward(self, maps: Tensor) -> Tensor:
        """As `Shares`."""
        fused: Tensor = torch.sigmoid(self.mix(maps)).squeeze(1)
        return fused


class SmallCnn(nn.Module):
    """What `Stacked` does, corrected by what is around each sample (7x7) in all maps."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.mix = _steep_mean(members)
        self.near = nn.Conv2d(members, WIDTH, 3, padding=1)
        self.far = nn.Conv2d(WIDTH, WIDTH, 3, padding=2, dilation=2)
        self.correction = nn.Conv2d(WIDTH, 1, 1, bias=False)
        nn.init.zeros_(self.correction.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """As `Shares`; outside of the grid is no polyp."""
        around = torch.relu(self.far(torch.relu(self.near(maps))))
        fused: Tensor = torch.sigmoid(self.mix(maps) + self.correction(around)).squeeze(1)
        return fused


LEARNED: dict[str, type[nn.Module]] = {"stacked": Stacked, "cnn": SmallCnn}
"""By a bundle's name of them; each is made for a number of members."""


def _steep_mean(members: int) -> nn.Conv2d:
    mix = nn.Conv2d(members, 1, 1)
    nn.init.constant_(mix.weight, STEEPNESS / members)
    assert mix.bias is not None
    nn.init.constant_(mix.bias, -STEEPNESS / 2)
    return mix


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
