"""How pieces of a network that do not need each other are run."""

from collections.abc import Callable, Sequence

from torch import Tensor

Together = Callable[[Sequence[Callable[[], Tensor]]], list[Tensor]]
"""Gives the results of some pieces of work, in their order."""


def in_turn(pieces: Sequence[Callable[[], Tensor]]) -> list[Tensor]:
    """One after another; an engine may know better."""
    return [piece() for piece in pieces]
