"""The same networks with less arithmetic: rewritten for one size of picture, exact up to rounding.

`nets.architectures` and the eager engine have them as published; these are for engines that know
the size of what they are shown.
"""

from nets.engine.folds.all import Folds, fold
from nets.engine.folds.enlarging import Enlarging, fold_enlarging
from nets.engine.folds.norms import fold_norms
from nets.engine.folds.scores import fold_scores
from nets.engine.folds.taps import drop_dead_taps

__all__ = [
    "Enlarging",
    "Folds",
    "drop_dead_taps",
    "fold",
    "fold_enlarging",
    "fold_norms",
    "fold_scores",
]
