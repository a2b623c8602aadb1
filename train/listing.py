"""Data sets into the samples of a manifest: found, paired, split, checked, drawn."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nets.errors import MissingExtraError
from train.annotations import POLYP, Labels, MaskFolder
from train.duplicates import find_duplicates, perceptual_hash
from train.errors import ManifestError
from train.layouts import Pair, find_pairs
from train.manifest import Sample
from train.pictures import content_of, read_mask, read_rgb
from train.splits import SplitPlan, assign_splits


def build_manifest(
    folders: Sequence[Path],
    preset: str | None = None,
    *,
    split: str = "",
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
    fold: int | None = None,
    folds: int | None = None,
    labels: Labels = POLYP,
    masks: MaskFolder | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Sample], list[str]]:
    """Find, split and check everything below some folders.

    Args:
        folders: data sets in any of the layouts of `train.layouts`.
        preset: as in `SplitPlan`, like the five that follow.
        split: the split of every sample where nothing else is said.
        validation: centres and sequences that validate.
        test: centres and sequences that test.
        fold: the fold that validates, from 0.
        folds: how many folds; one per centre when None.
        labels: what the labels of annotation tools mean.
        masks: where to draw what people drew with them; without it, such pictures are left out.
        progress: called with (pairs checked, pairs in all).

    Returns:
        The samples that can be used, and one line for every problem: pairs that cannot be used
        are left out; duplicates across splits (across centres where there are no splits) are
        named but kept.

    Raises:
        SettingsError: the wishes for splits make no sense.
    """
    plan = SplitPlan(preset, tuple(validation), tuple(test), fold, folds, split)
    pairs: dict[Path, Pair] = {}
    problems: list[str] = []
    for folder in folders:
        found, unpaired = find_pairs(folder, labels)
        problems += unpaired + _gathered(found, pairs)
    parts = assign_splits([(pair.centre, pair.sequence) for pair in pairs.values()], plan)
    wanted = [
        (pair, part, _target(pair, masks))
        for pair, part in zip(pairs.values(), parts, strict=True)
        if part is not None
    ]
    check = partial(_check, labels, masks)
    samples: list[Sample] = []
    hashes: list[int] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done, outcome in enumerate(pool.map(check, wanted), start=1):
            if isinstance(outcome, str):
                problems.append(outcome)
            else:
                samples.append(outcome[0])
                hashes.append(outcome[1])
            if progress is not None:
                progress(done, len(wanted))
    return samples, problems + _duplicates(samples, hashes)


def _duplicates(samples: Sequence[Sample], hashes: Sequence[int]) -> list[str]:
    """Name pictures that stand in two splits, or in two centres where there are no splits."""
    groups = [sample.split or sample.centre for sample in samples]
    lines = []
    for first, second, distance in find_duplicates(
        [sample.sha256 for sample in samples], hashes, groups
    ):
        how = (
            "the same file" if distance is None else f"the same picture, {distance} of 64 bits off"
        )
        lines.append(
            f"{samples[first].image} ({groups[first]}) and {samples[second].image} "
            f"({groups[second]}): {how}: keep it in one of them"
        )
    return lines


def _gathered(found: Iterable[Pair], pairs: dict[Path, Pair]) -> list[str]:
    """Add pairs to those that there are; one line for each picture that has two masks."""
    problems = []
    for pair in found:
        there = pairs.setdefault(pair.image.resolve(), pair)
        if _origin(there) != _origin(pair):
            problems.append(
                f"{pair.image}: has a mask by {_origin(there)} and one by {_origin(pair)}: keep one"
            )
    return problems


def _origin(pair: Pair) -> str:
    """Where a pair's mask comes from."""
    if pair.drawn is not None:
        return str(Path(pair.drawn.export).resolve())
    return "nobody" if pair.mask is None else str(pair.mask.resolve())


def _target(pair: Pair, masks: MaskFolder | None) -> Path | None:
    """Where a mask is drawn, if it has to be."""
    return None if masks is None or pair.drawn is None else masks.name(pair.image, pair.centre)


def _check(
    labels: Labels, masks: MaskFolder | None, wanted: tuple[Pair, str, Path | None]
) -> tuple[Sample, int] | str:
    """Make a sample and its perceptual hash, or the line that says why it cannot be used."""
    pair, split, target = wanted
    try:
        picture = read_rgb(pair.image)
        size = picture.shape[:2]
        if pair.drawn is None:
            mask = pair.mask
            read_mask(mask, size)
        else:
            mask = _draw(pair.drawn.mask(size, labels), masks, target)
        content = content_of(pair.image)
    except (ManifestError, MissingExtraError) as error:
        return str(error)
    image = pair.image.resolve()
    mask = None if mask is None else mask.resolve()
    sample = Sample(image, mask, pair.centre, pair.sequence, split, content)
    return sample, perceptual_hash(picture)


def _draw(mask: NDArray[np.bool_], masks: MaskFolder | None, target: Path | None) -> Path | None:
    """Write a mask that people drew; None where they drew nothing."""
    if not mask.any():
        return None
    if masks is None or target is None:
        raise ManifestError("there is no folder to draw masks into")
    masks.write(target, mask)
    return target
