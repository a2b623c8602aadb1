"""`divergent-train manifest`: data sets into one checked list."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from train.commands.options import Output, Overwrite, Several, refuse_existing

if TYPE_CHECKING:
    from train.manifest import Sample


def manifest(
    *folders: Path,
    output: Output,
    preset: str | None = None,
    split: str = "",
    validation: Annotated[tuple[str, ...], Several] = (),
    test: Annotated[tuple[str, ...], Several] = (),
    fold: int | None = None,
    folds: int | None = None,
    label: Annotated[tuple[str, ...], Several] = ("polyp",),
    other_label: Annotated[tuple[str, ...], Several] = (),
    strict: bool = False,
    overwrite: Overwrite = False,
) -> None:
    """List data sets' images and masks, checked and split.

    Every pair is decoded and compared; what cannot be used is named and left out, and pictures
    that stand in two splits are named. What people drew in CVAT, or in tools that export COCO
    instances, is drawn as masks into FILE.masks/.

    Args:
        folders: Data sets: PolypGen, EndoCV2021, Kvasir-SEG, CVC-ClinicDB, ETIS, or any folder
            with images/ and masks/, or with pictures and what CVAT or others exported for them.
        output: The CSV file.
        preset: Shares out by name: paper-like (C1-C4 train, C5 validates, Kvasir-SEG tests) or
            endocv2021 (the authors' own).
        split: One split for everything.
        validation: Centres and sequences that validate.
        test: Centres and sequences that test.
        fold: Fold that validates, from 0; the others train.
        folds: How many folds by centre; one per centre if not given.
        label: Labels of annotation tools that mean a polyp.
        other_label: Their labels that mean none.
        strict: Write nothing if there is any problem.
        overwrite: Replace the file.
    """
    from train.annotations import Labels, MaskFolder
    from train.console import count_progress
    from train.errors import ManifestError
    from train.listing import build_manifest
    from train.manifest import write_manifest

    if not folders:
        raise ManifestError("no folders: name the data sets' folders")
    refuse_existing(output, overwrite)
    labels = Labels(*(frozenset(map(str.lower, names)) for names in (label, other_label)))
    drawn = MaskFolder(output.with_suffix(".masks"), overwrite=overwrite)
    with drawn as masks, count_progress("checking") as progress:
        samples, problems = build_manifest(
            folders,
            preset,
            split=split,
            validation=validation,
            test=test,
            fold=fold,
            folds=folds,
            labels=labels,
            masks=masks,
            progress=progress,
        )
        for problem in problems:
            print(problem, file=sys.stderr)
        if not samples or (strict and problems):
            raise ManifestError(
                f"{len(problems)} problems, {len(samples)} pairs that can be used: "
                "nothing is written"
            )
    write_manifest(output, samples)
    print(_summary(samples))
    print(f"{output}: {len(samples)} pairs, {len(problems)} problems")


def _summary(samples: "Sequence[Sample]") -> str:
    """Count by centre and split, and how many show no polyp by their list."""
    places = [(sample.split or "no split", sample.centre) for sample in samples]
    without = Counter(
        place for place, sample in zip(places, samples, strict=True) if sample.mask is None
    )
    width = max(len(centre) for _, centre in places)
    return "\n".join(
        f"{split:<12}{centre:<{width}}{count:>7}"
        + (f", {without[split, centre]} without a polyp" if without[split, centre] else "")
        for (split, centre), count in sorted(Counter(places).items())
    )
