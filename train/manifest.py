"""The list a training or an evaluation goes through: one row a picture and its mask."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from train.errors import ManifestError

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
