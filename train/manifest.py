"""The list a training or an evaluation goes through: one row a picture and its mask."""

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from train.duplicates import find_duplicates, perceptual_hash
from train.errors import ManifestError
from train.layouts import Pair, find_pairs
from train.pictures import content_of, read_mask, read_rgb
from train.splits import SplitPlan, assign_splits

COLUMNS = ("image", "mask", "centre", "sequence", "split", "sha256")
NO_MASK = "none"
"""Mask of a frame known to show no polyp: an empty cell may be an accident."""

SHOWN_PROBLEMS = 20
"""An error that lists more than this is no longer read."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture, its mask and where they belong.

    Attributes:
        image: the picture's file.
        mask: the mask's file, or None for a frame known to show no polyp.
        centre: the hospital or data set it is from.
        sequence: the recording it is from; empty where that is not known.
        split: `train`, `validation`, `test`, another name, or empty.
        sha256: of the picture's file, 64 hexadecimal digits.
    """

    image: Path
    mask: Path | None
    centre: str
    sequence: str
    split: str
    sha256: str


def read_manifest(path: Path) -> list[Sample]:
    """Read a manifest and check every row of it.

    Args:
        path: a CSV file with the columns `image,mask,centre,sequence,split,sha256`; relative
            paths start at its folder, and `none` for a mask means that there is no polyp.

    Returns:
        The samples, in the file's order.

    Raises:
        ManifestError: the file cannot be read, or rows of it are wrong: all of them are named.
    """
    folder = path.parent.resolve()
    rows = _rows(path)
    header = rows[0] if rows else []
    if tuple(header) != COLUMNS:
        raise ManifestError(
            f"{path}: row 1 must be {','.join(COLUMNS)}; it is {_shown(','.join(header))}"
        )
    problems: list[str] = []
    samples: list[Sample] = []
    seen: dict[Path, int] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != len(COLUMNS):
            problems.append(f"row {number}: has {len(row)} columns, not {len(COLUMNS)}")
            continue
        sample = _sample(row, folder, number, problems)
        if sample.image in seen:
            problems.append(
                f"row {number}, column image: {_shown(row[0])} stands in row {seen[sample.image]} "
                "already"
            )
        seen.setdefault(sample.image, number)
        samples.append(sample)
    if not samples and not problems:
        problems.append("has no rows")
    if problems:
        raise ManifestError(f"{path}: {_joined(problems)}")
    return samples


def write_manifest(path: Path, samples: Iterable[Sample]) -> None:
    """Write a manifest; paths are written relative to its folder where there is such a path.

    Args:
        path: the CSV file, replaced if it is there.
        samples: what to list.

    Raises:
        ManifestError: the file cannot be written.
    """
    folder = path.parent.resolve()
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for sample in samples:
                mask = NO_MASK if sample.mask is None else _relative(sample.mask, folder)
                writer.writerow(
                    (
                        _relative(sample.image, folder),
                        mask,
                        sample.centre,
                        sample.sequence,
                        sample.split,
                        sample.sha256,
                    )
                )
        partial.replace(path)
    except OSError as error:
        raise ManifestError(f"{path}: cannot be written: {error.strerror or error}") from error


def build_manifest(
    folders: Sequence[Path],
    preset: str | None = None,
    *,
    split: str = "",
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
    fold: int | None = None,
    folds: int | None = None,
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
        found, unpaired = find_pairs(folder)
        pairs.update((pair.image.resolve(), pair) for pair in found)
        problems += unpaired
    parts = assign_splits([(pair.centre, pair.sequence) for pair in pairs.values()], plan)
    wanted = [
        (pair, part) for pair, part in zip(pairs.values(), parts, strict=True) if part is not None
    ]
    samples: list[Sample] = []
    hashes: list[int] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done, outcome in enumerate(pool.map(_check, wanted), start=1):
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


def _check(chosen: tuple[Pair, str]) -> tuple[Sample, int] | str:
    """Make a sample and its perceptual hash, or the line that says why it cannot be used."""
    pair, split = chosen
    try:
        picture = read_rgb(pair.image)
        read_mask(pair.mask, picture.shape[:2])
        content = content_of(pair.image)
    except ManifestError as error:
        return str(error)
    image = pair.image.resolve()
    mask = None if pair.mask is None else pair.mask.resolve()
    sample = Sample(image, mask, pair.centre, pair.sequence, split, content)
    return sample, perceptual_hash(picture)


def _rows(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path}: byte {error.start} is not UTF-8 text") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise ManifestError(f"{path}: line {reader.line_num} is not CSV: {error}") from error


def _sample(row: list[str], folder: Path, number: int, problems: list[str]) -> Sample:
    """Read one row; what is wrong with it is added to the problems."""

    def located(column: str, written: str) -> Path:
        path = Path(os.path.normpath(folder / written))
        try:
            there = bool(written) and path.is_file()
        except (OSError, ValueError):
            there = False
        if not there:
            problems.append(f"row {number}, column {column}: {_shown(written)} is no file")
        return path

    image, mask, centre, sequence, split, sha256 = row
    if not centre.strip():
        problems.append(f"row {number}, column centre: is empty")
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        problems.append(f"row {number}, column sha256: is not 64 hexadecimal digits in lower case")
    return Sample(
        located("image", image),
        None if mask == NO_MASK else located("mask", mask),
        centre,
        sequence,
        split,
        sha256,
    )


def _shown(written: str) -> str:
    """Show what a file says without letting it break the line or fill the screen."""
    return (written if written.isprintable() else ascii(written))[:200] or "empty"


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder)).as_posix()
    except ValueError:  # another drive
        return str(path.resolve())


def _joined(problems: Sequence[str]) -> str:
    more = len(problems) - SHOWN_PROBLEMS
    return "; ".join(problems[:SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
