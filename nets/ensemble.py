"""DivergentNets: members that see the same picture each in its own way, and their fused view of it.

Paper, section 2.2 and Figure 3: the mean of the members' masks. Here the mean, or what was learned
in its place, is of the polyp's probability on the bundle's grid; the threshold comes last, at the
size of the frame.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from nets.fusion import Shares, to_grid
from nets.grid import Fusion, Grid
from nets.preprocessing import Preprocessing, distinct
from nets.spec import POLYP
from nets.together import Together, in_turn


class DivergentNets(nn.Module):
    """An ensemble with its members' preprocessing inside.

    Args:
        members: modules that map (N, 3, h, w) prepared pictures to (N, C, h, w) probabilities.
        contracts: each member's preprocessing.
        grid: where the maps meet.
        fusion: makes (N, H, W) of the members' (N, M, H, W); the plain mean if there is none.

    Attributes:
        together: how its members are run.
    """

    def __init__(
        self,
        members: Sequence[nn.Module],
        contracts: Sequence[Preprocessing],
        grid: Grid,
        fusion: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.together: Together = in_turn
        self.members = nn.ModuleList(members)
        self.contracts = distinct(contracts)
        self.of_member = [self.contracts.index(contract) for contract in contracts]
        self.grid = grid
        self.fusion = fusion or Shares(Fusion().shares(len(members)))
        for index, contract in enumerate(self.contracts):
            scale, offset = contract.affine()
            self.register_buffer(f"scale_{index}", torch.from_numpy(scale).view(1, 3, 1, 1))
            self.register_buffer(f"offset_{index}", torch.from_numpy(offset).view(1, 3, 1, 1))

    def forward(self, views: Tensor, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Fused and single maps of a batch.

        Args:
            views: (N, 4) float: each view's left, top, width and height as shares of its frame.
            inputs: for each contract in `contracts`, (N, h, w, 3) uint8.

        Returns:
            (N, H, W) fused probability and (N, M, H, W) each member's, on the grid, in [0, 1].
        """
        prepared = [
            image.permute(0, 3, 1, 2).to(views.dtype) * getattr(self, f"scale_{index}")
            + getattr(self, f"offset_{index}")
            for index, image in enumerate(inputs)
        ]
        pieces = [partial(self._map, n, prepared, views) for n in range(len(self.members))]
        maps = torch.stack(self.together(pieces), dim=1)
        return self.fusion(maps), maps

    def _map(self, number: int, prepared: Sequence[Tensor], views: Tensor) -> Tensor:
        """(N, H, W): one member's map on the grid."""
        which = self.of_member[number]
        polyp = self.members[number](prepared[which])[:, POLYP]
        return to_grid(polyp, self.contracts[which].extent, self.grid, views)
