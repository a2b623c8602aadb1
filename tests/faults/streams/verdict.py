"""Whether a case came out as promised: what it left, and what was lost."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import yaml

from tests.faults.streams.case import Case
from tests.faults.streams.plain import Shown
from tests.faults.warm import Ended

MKV_ROUNDING = Fraction(1, 1000)
FLOAT = Fraction(1, 2**52)
"""Part of a time that the table's decimals may be off: it counts for those of centuries."""


def check(case: Case, ended: Ended, folder: Path, plain: dict[str, list[Shown]]) -> list[str]:
    """Everything about a case that is not as promised; nothing where all is well.

    Args:
        case: what was read.
        ended: how the command ended.
        folder: that it wrote to.
        plain: pictures that a plain loop finds in the input and in each output.
    """
    found = ended.faults()
    if found:
        return found
    broken_off = any("were delivered" in line for line in ended.complaints)
    if ended.status not in (0, 1) or len(ended.complaints) != ended.status:
        return [f"status {ended.status} with {len(ended.complaints)} complaints"]
    if ended.status == 1 and not broken_off:
        found += [f"refused, but {name} has its final name" for name in finals(folder)]
        found += [f"refused, but left {name}" for name in partials(folder)]
        pictures = plain[case.path.name]
        if pictures:
            found.append(f"refused, but a plain loop finds {len(pictures)} pictures")
        return found
    found += [f"{name} was left" for name in partials(folder)]
    return [*found, *_whole(case, folder, plain), *_lost(case, folder, plain)]


def outputs(folder: Path, output: str) -> list[str]:
    """Names of the recordings that a case wrote, in order of time."""
    stem, suffix = output.rsplit(".", 1)
    name = re.compile(rf"{stem}(?:\.part(\d+))?\.{suffix}")
    found = [
        (int(match[1] or 1), match[0]) for match in map(name.fullmatch, _names(folder)) if match
    ]
    return [name for _, name in sorted(found)]


def finals(folder: Path) -> list[str]:
    """Outputs under their final names."""
    return [name for name in _names(folder) if name.startswith("out.") and ".partial" not in name]


def partials(folder: Path) -> list[str]:
    """Outputs under partial names."""
    return [name for name in _names(folder) if ".partial" in name]


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def _whole(case: Case, folder: Path, plain: dict[str, list[Shown]]) -> Iterator[str]:
    """What is half-written under a final name, or does not agree with the rest."""
    with (folder / "out.frames.csv").open(newline="") as file:
        text = file.read()
    rows = list(csv.DictReader(text.splitlines()))
    if not text.endswith("\n") or any(None in row.values() for row in rows):
        yield "out.frames.csv is not whole"
    json.loads((folder / "out.sightings.json").read_text(encoding="utf-8"))
    yaml.safe_load((folder / "out.settings.yaml").read_text(encoding="utf-8"))
    if "--no-report" not in case.words:
        report = (folder / "out.report.html").read_text(encoding="utf-8")
        if not report.rstrip().endswith("</html>"):
            yield "out.report.html is not whole"
    recorded = [one for name in outputs(folder, case.output) for one in plain[name]]
    if len(recorded) != len(rows):
        yield f"{len(rows)} rows for {len(recorded)} recorded pictures"
        return
    rounding = MKV_ROUNDING if case.output.endswith(".mkv") else Fraction(1, 1_000_000)
    moved = [one.time - Fraction(row["seconds"]) for one, row in zip(recorded, rows, strict=True)]
    spread = max(moved, default=Fraction(0)) - min(moved, default=Fraction(0))
    written = max((one.time for one in recorded), default=Fraction(0)) * FLOAT
    if spread > 2 * (rounding + written):
        yield f"times of the recording and the table differ by up to {float(spread):.7f} s"
    steps = [other.time - one.time for one, other in pairwise(recorded)]
    if any(step < 0 or (step == 0 and case.output.endswith(".mp4")) for step in steps):
        yield "a recorded time does not go forward"
    if "--masks" in case.words and len(plain["out.masks.mp4"]) != len(rows):
        yield f"{len(plain['out.masks.mp4'])} masks for {len(rows)} pictures"
    if "--mask-images" in case.words:
        images = sorted((folder / "out.masks").iterdir())
        if len(images) != len(rows) or any(cv2.imread(str(image)) is None for image in images):
            yield f"{len(images)} images of masks, or damaged ones, for {len(rows)} pictures"


def _lost(case: Case, folder: Path, plain: dict[str, list[Shown]]) -> Iterator[str]:
    """Pictures that a plain loop finds in the input, and that are not in the output."""
    given = plain[case.path.name]
    recorded = [one for name in outputs(folder, case.output) for one in plain[name]]
    if len(recorded) < len(given):
        yield f"{len(recorded)} pictures recorded, but a plain loop finds {len(given)}"
        return
    if not case.lossless:
        return
    comparable = {(one.size, one.format) for one in recorded}
    whole = None if case.whole is None else {one.digest for one in plain[str(case.whole)]}
    sure = [
        one
        for one in given
        if one.sure
        and (whole is None or one.digest in whole)
        and not one.turned
        and (one.size, one.format) in comparable
        and not (one.interlaced and "--no-deinterlace" not in case.words)
    ]
    missing = _not_in(sure, recorded)
    if missing:
        yield f"{len(missing)} pictures are not in the output, the first at {missing[0].seconds} s"


def _not_in(wanted: Sequence[Shown], recorded: Sequence[Shown]) -> list[Shown]:
    """Those of some pictures that do not come among others in the same order."""
    left, missing = iter([one.digest for one in recorded]), []
    kept: list[str] = []
    for one in wanted:
        if one.digest in kept:
            kept = kept[kept.index(one.digest) + 1 :]
            continue
        ahead = list(kept)
        for digest in left:
            if digest == one.digest:
                kept = []
                break
            ahead.append(digest)
        else:
            kept = ahead
            missing.append(one)
    return missing
