"""Every fold that an engine asks for, member by member."""

from dataclasses import dataclass

import torch

from nets.engine.folds.enlarging import fold_enlarging
from nets.engine.folds.norms import fold_norms
from nets.engine.folds.scores import fold_scores
from nets.engine.folds.taps import drop_dead_taps
from nets.ensemble import DivergentNets


@dataclass(frozen=True, slots=True)
class Folds:
    """How many layers were rewritten.

    Attributes:
        norms: normalisations that are in the convolution before them now.
        taps: convolutions that lost taps which saw padding alone.
        enlargings: convolutions that enlarge what they see themselves.
        scores: maps of scores that are enlarged by matrix products.
    """

    norms: int
    taps: int
    enlargings: int
    scores: int

    def __add__(self, other: "Folds") -> "Folds":
        return Folds(
            self.norms + other.norms,
            self.taps + other.taps,
            self.enlargings + other.enlargings,
            self.scores + other.scores,
        )


def fold(ensemble: DivergentNets, *, enlarging_from: int | None) -> Folds:
    """Rewrite an ensemble's members in place, each for its contract's size and no other.

    Args:
        ensemble: in evaluation mode, on the CPU.
        enlarging_from: channels of a map from which on it is enlarged by the convolution behind it
            (`fold_enlarging`); None where enlarging is best left to the library, that of scores
            too (`fold_scores`).
    """
    total = Folds(0, 0, 0, 0)
    for number, member in enumerate(ensemble.members):
        contract = ensemble.contracts[ensemble.of_member[number]]
        kind = next(member.parameters()).dtype
        picture = torch.zeros(1, 3, contract.height, contract.width, dtype=kind)
        norms, taps = fold_norms(member, picture), drop_dead_taps(member, picture)
        enlargings = scores = 0
        if enlarging_from is not None:
            enlargings = fold_enlarging(member, picture, enlarging_from)
            scores = fold_scores(member, picture)
        total += Folds(norms, taps, enlargings, scores)
    return total
