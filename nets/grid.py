"""Where members' maps meet, and how they become one: what a bundle says of it.

Needs no network library.
"""

from dataclasses import field
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from nets.preprocessing import Preprocessing

Kind = Literal["mean", "weighted", "stacked", "cnn"]
"""Ways of fusing, the simplest first."""


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
        kind: `mean` as in the paper, `weighted`, or learned: `stacked` is one convolution of 1x1
            over the members' maps, `cnn` a few small ones.
        weights: one a member for `weighted`; they are divided by their sum.
        file: what was learned, for `stacked` and `cnn`: see `nets.fusion_file`.
    """

    kind: Kind = "mean"
    weights: tuple[float, ...] = ()
    # Not shown: where a file lies decides nothing, and digests are made of what is shown.
    file: Path | None = field(default=None, repr=False)

    @property
    def is_learned(self) -> bool:
        """Whether it has a file."""
        return self.kind in {"stacked", "cnn"}

    def shares(self, members: int) -> tuple[float, ...]:
        """Each member's share of the fused map, for a mean of any kind; they add up to 1."""
        weights = self.weights if self.kind == "weighted" else (1.0,) * members
        return tuple(weight / sum(weights) for weight in weights)

    def problem(self, members: int) -> str | None:
        """What is wrong with this fusion for so many members, if anything."""
        if self.is_learned and self.file is None:
            return f"{self.kind} needs its file: make one with `divergent-train fuse`"
        if not self.is_learned and self.file is not None:
            return f"{self.kind} takes no file"
        if self.kind != "weighted":
            return f"{self.kind} takes no weights" if self.weights else None
        if len(self.weights) != members:
            return f"{len(self.weights)} weights for {members} members"
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            return "weights must not be negative and must not all be zero"
        return None
