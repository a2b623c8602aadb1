"""Which sample trains, which validates, which tests."""

import re
from collections.abc import Iterable, Sequence

from train.errors import SettingsError
from train.layouts import KVASIR

PRESETS = ("paper-like", "endocv2021")

TRAIN, VALIDATION, TEST = "train", "validation", "test"

ENDOCV_TRAIN = re.compile(r"C[1-5]|seq[1-5]_neg")
ENDOCV_VALIDATION = re.compile(r"seq([1-9]|1[0-5])|seq([6-9]|10)_neg")
"""The authors' scripts' own lists (their train_CSVs and val_CSVs)."""


def preset_split(preset: str, centre: str, sequence: str) -> str | None:
    """Say which split a preset gives a sample.

    Args:
        preset: `paper-like` (C1–C4 train, C5 validates, Kvasir-SEG tests, anything else trains)
            or `endocv2021` (the authors' own: C1–C5 and seq1_neg–seq5_neg train, seq1–seq15 and
            seq6_neg–seq10_neg validate, Kvasir-SEG tests, anything else is left out).
        centre: the sample's centre.
        sequence: its sequence, or empty.

    Returns:
        The split, or None for a sample that the preset leaves out.

    Raises:
        SettingsError: there is no such preset.
    """
    if preset not in PRESETS:
        raise SettingsError(f"preset {preset!r} is unknown; there are {', '.join(PRESETS)}")
    if centre == KVASIR:
        return TEST
    if preset == "paper-like":
        return VALIDATION if centre == "C5" else TRAIN
    part = sequence or centre
    if ENDOCV_TRAIN.fullmatch(part):
        return TRAIN
    return VALIDATION if ENDOCV_VALIDATION.fullmatch(part) else None


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


def fold_splits(centres: Sequence[str], fold: int, folds: int | None = None) -> list[str]:
    """Split every sample so that one fold validates and the rest train.

    Raises:
        SettingsError: the fold is out of range, or `folds_by_centre` refuses.
    """
    shares = folds_by_centre(centres, folds)
    if not 0 <= fold < len(shares):
        raise SettingsError(f"fold {fold} is out of range: there are folds 0 to {len(shares) - 1}")
    return [VALIDATION if centre in shares[fold] else TRAIN for centre in centres]
