"""Which sample trains, which validates, which tests: never two frames of one recording in two."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from train.errors import SettingsError
from train.layouts import KVASIR

PRESETS = ("paper-like", "endocv2021")

TRAIN, VALIDATION, TEST = "train", "validation", "test"

ENDOCV_TRAIN = re.compile(r"C[1-5]|seq[1-5]_neg")
ENDOCV_VALIDATION = re.compile(r"seq([1-9]|1[0-5])|seq([6-9]|10)_neg")
"""The authors' scripts' own lists (their train_CSVs and val_CSVs)."""


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """How samples are shared out; one way at a time.

    Attributes:
        preset: `paper-like` (C1–C4 train, C5 validates, Kvasir-SEG tests, anything else trains)
            or `endocv2021` (the authors' own: C1–C5 and seq1_neg–seq5_neg train, seq1–seq15 and
            seq6_neg–seq10_neg validate, Kvasir-SEG tests, anything else is left out).
        validation: centres and sequences that validate while the rest trains.
        test: centres and sequences that test.
        fold: this fold of a k-fold by centre validates while the others train; from 0.
        folds: how many folds; one per centre when None.
        split: the split of every sample where nothing else is said; may be empty.
    """

    preset: str | None = None
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    fold: int | None = None
    folds: int | None = None
    split: str = ""

    def __post_init__(self) -> None:
        if self.preset is not None and self.preset not in PRESETS:
            nearest = difflib.get_close_matches(self.preset, PRESETS, 1, 0.0)[0]
            raise SettingsError(
                f"preset {self.preset!r} is unknown; the nearest is {nearest!r} "
                f"(there are {', '.join(PRESETS)})"
            )
        ways = [
            self.preset is not None,
            bool(self.validation or self.test),
            self.fold is not None,
            bool(self.split),
        ]
        if sum(ways) > 1:
            raise SettingsError(
                "give one of a preset, validation and test names, a fold, or one split for all"
            )


def assign_splits(origins: Sequence[tuple[str, str]], plan: SplitPlan) -> list[str | None]:
    """Give every sample its split.

    Args:
        origins: each sample's (centre, sequence); the sequence may be empty.
        plan: how.

    Returns:
        Each sample's split, None for one that the plan leaves out.

    Raises:
        SettingsError: the plan names a centre or sequence that is not there, or its folds cannot
            be made.
    """
    if plan.preset is not None:
        return [_preset_split(plan.preset, centre, sequence) for centre, sequence in origins]
    if plan.fold is not None:
        shares = folds_by_centre((centre for centre, _ in origins), plan.folds)
        if not 0 <= plan.fold < len(shares):
            raise SettingsError(f"fold {plan.fold} is none of folds 0 to {len(shares) - 1}")
        held_out = shares[plan.fold]
        return [VALIDATION if centre in held_out else TRAIN for centre, _ in origins]
    if plan.validation or plan.test:
        _check_names(plan, {name for origin in origins for name in origin if name})
        return [_named_split(plan, origin) for origin in origins]
    return [plan.split] * len(origins)


def folds_by_centre(centres: Iterable[str], folds: int | None = None) -> list[tuple[str, ...]]:
    """Share centres out into folds, none of them in two.

    Args:
        centres: the centre of every sample, repeated as often as it has samples.
        folds: how many; one per centre when None.

    Returns:
        The centres that validate in each fold, sizes in samples as even as greedy sharing makes
        them.

    Raises:
        SettingsError: there are fewer centres than folds, or fewer than two folds.
    """
    sizes: dict[str, int] = {}
    for centre in centres:
        sizes[centre] = sizes.get(centre, 0) + 1
    count = len(sizes) if folds is None else folds
    if not 2 <= count <= len(sizes):
        raise SettingsError(
            f"{count} folds cannot be made of {len(sizes)} centres ({', '.join(sorted(sizes))}): "
            "ask for 2 up to the number of centres"
        )
    shares: list[list[str]] = [[] for _ in range(count)]
    for centre in sorted(sizes, key=lambda name: (-sizes[name], name)):
        lightest = min(shares, key=lambda share: sum(sizes[name] for name in share))
        lightest.append(centre)
    return [tuple(sorted(share)) for share in shares]


def _preset_split(preset: str, centre: str, sequence: str) -> str | None:
    if centre == KVASIR:
        return TEST
    if preset == "paper-like":
        return VALIDATION if centre == "C5" else TRAIN
    part = sequence or centre
    if ENDOCV_TRAIN.fullmatch(part):
        return TRAIN
    return VALIDATION if ENDOCV_VALIDATION.fullmatch(part) else None


def _named_split(plan: SplitPlan, origin: tuple[str, str]) -> str:
    if any(name in plan.test for name in origin):
        return TEST
    return VALIDATION if any(name in plan.validation for name in origin) else TRAIN


def _check_names(plan: SplitPlan, known: set[str]) -> None:
    problems = [f"{name} both validates and tests" for name in set(plan.test) & {*plan.validation}]
    for name in (*plan.validation, *plan.test):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.0)
            hint = f", the nearest is {near[0]}" if near else ""
            problems.append(f"no centre or sequence is called {name}{hint}")
    if problems:
        raise SettingsError("; ".join(problems))
