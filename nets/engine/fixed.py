"""An engine with no networks: it always answers with one ellipse.

For benchmarks of the chain and for trying a source.
"""

from collections.abc import Sequence

import numpy as np

from nets.engine.protocol import Maps, OnHost
from nets.grid import Grid
from nets.preprocessing import Prepared, Preprocessing

CENTRE = (0.5, 0.45)
RADII = (0.16, 0.12)
PEAK = 0.95
CARD = (
    "No networks: every frame gets the same ellipse. For trying the chain, not for finding polyps."
)


class FixedEngine(OnHost):
    """Answers at once, and always the same; see `nets.engine.protocol.Engine`."""

    def __init__(self) -> None:
        self.name = "fixed:"
        self.card = CARD
        self.runs_on = "no networks"
        self.device, self.arithmetic = "cpu", "f32"
        self.contracts: tuple[Preprocessing, ...] = (Preprocessing(height=256, width=256),)
        self.grid = Grid.of(self.contracts[0])
        self.threshold, self.certainty = 0.5, 0.0
        self.members: tuple[str, ...] = ("ellipse",)
        self.batch = 1
        rows, columns = np.mgrid[0 : self.grid.height, 0 : self.grid.width].astype(np.float32)
        across = ((columns + 0.5) / self.grid.width - CENTRE[0]) / RADII[0]
        down = ((rows + 0.5) / self.grid.height - CENTRE[1]) / RADII[1]
        distance = np.hypot(across, down)
        # One half on the ellipse itself, falling off smoothly on both sides of it.
        self._map = (PEAK / (1.0 + np.exp(12.0 * (distance - 1.0)))).astype(np.float32)

    def predict(self, pictures: Sequence[Prepared]) -> Maps:
        """The ellipse for every picture; shape as the protocol says."""
        return np.broadcast_to(self._map, (len(pictures), *self._map.shape))

    def predict_members(self, pictures: Sequence[Prepared]) -> Maps:
        """The ellipse as the only member's answer."""
        return self.predict(pictures)[:, None]
