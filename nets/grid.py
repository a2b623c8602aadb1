"""Where members' maps meet, and how they become one: what a bundle says of it.

Needs no network library.
"""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from nets.preprocessing import Preprocessing


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Grid:
    """The grid on which members are fused and predictions are given.

    Attributes:
        height: rows.
        width: columns.
        extent: what the grid covers.
    """

    height: int = Field(default=256, ge=8, le=4096)
    width: int = Field(default=256, ge=8, le=4096)
    extent: Literal["view", "frame"] = "view"

    @classmethod
    def of(cls, contract: Preprocessing) -> "Grid":
        """The grid of a network's own output."""
        return cls(contract.height, contract.width, contract.extent)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Fusion:
    """How members' maps become one.

    Attributes:
        kind: `mean` as in the paper, or `weighted`.
        weights: one a member for `weighted`; they are divided by their sum.
    """

    kind: Literal["mean", "weighted"] = "mean"
    weights: tuple[float, ...] = ()

    def shares(self, members: int) -> tuple[float, ...]:
        """Each member's share of the fused map; they add up to 1."""
        weights = self.weights if self.kind == "weighted" else (1.0,) * members
        return tuple(weight / sum(weights) for weight in weights)

    def problem(self, members: int) -> str | None:
        """What is wrong with this fusion for so many members, if anything."""
        if self.kind == "mean":
            return "the mean takes no weights" if self.weights else None
        if len(self.weights) != members:
            return f"{len(self.weights)} weights for {members} members"
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            return "weights must not be negative and must not all be zero"
        return None
