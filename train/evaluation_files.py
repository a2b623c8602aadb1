"""An evaluation on disk: its numbers as JSON, its rows as CSV, a table to read as Markdown."""

import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from train.errors import TrainingError
from train.evaluation import Evaluation, ImageResult
from train.evaluation_text import evaluation_page
from train.metrics import Counts

FORMAT = 1

COLUMNS = (
    *("image", "sha256", "centre", "sequence", "split", "height", "width"),
    *("grid_tp", "grid_fp", "grid_fn", "grid_tn", "tp", "fp", "fn", "tn", "hd95"),
)


def write_evaluation(
    path: Path, evaluation: Evaluation, *, cluster_by: str | None = None, seed: int = 0
) -> dict[str, Any]:
    """Write three files that bear one name: JSON at `path`, CSV and Markdown beside it.

    Args:
        path: the JSON file; existing files are replaced.
        evaluation: what to write.
        cluster_by: `sequence`, `centre` or `image`; None lets what is known decide.
        seed: of the bootstrap.

    Returns:
        What the JSON file holds.

    Raises:
        TrainingError: a file cannot be written.
    """
    values = {"format": FORMAT, **evaluation.summary(cluster_by=cluster_by, seed=seed)}
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    finals = [path.with_suffix(".csv"), path.with_suffix(".md"), path]
    partials = [final.with_name(f"{final.stem}.partial{final.suffix}") for final in finals]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = path.parent.resolve()
        with partials[0].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_row(image, folder) for image in evaluation.images)
        partials[1].write_text(evaluation_page(values), "utf-8")
        partials[2].write_text(text, "utf-8")
        for partial, final in zip(partials, finals, strict=True):
            partial.replace(final)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written: {error.strerror or error}") from error
    return values


def read_evaluation(path: Path) -> Evaluation:
    """Read what `write_evaluation` wrote: the JSON file and the CSV file beside it.

    Raises:
        TrainingError: one of them is missing or is not such a file.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        if values["format"] != FORMAT:
            raise TrainingError(f"{path}: format {values['format']} is not {FORMAT}: evaluate anew")
        with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
            images = tuple(_image(row, path.parent) for row in csv.DictReader(file, strict=True))
        bins = np.array(values["reliability"]["bins"], np.float64).reshape(-1, 3)
        if len(images) != values["images"]:
            raise TrainingError(
                f"{path}: counts {values['images']} images but its CSV lists {len(images)}: "
                "evaluate anew"
            )
        cost = dict(values.get("cost", {}))  # which older files have not
        return Evaluation(str(values["name"]), images, bins, dict(values["conditions"]), cost)
    except OSError as error:
        raise TrainingError(
            f"{error.filename}: cannot be read: {error.strerror or error}"
        ) from error
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise TrainingError(
            f"{path}: is no evaluation, or its CSV is damaged ({error!r}): evaluate anew"
        ) from error


def _row(image: ImageResult, folder: Path) -> Sequence[object]:
    try:
        name = Path(os.path.relpath(image.image, folder)).as_posix()
    except ValueError:  # another drive
        name = str(image.image)
    return (
        name,
        image.sha256,
        image.centre,
        image.sequence,
        image.split,
        image.height,
        image.width,
        *image.grid,
        *image.native,
        "" if image.hd95 is None else image.hd95,
    )


def _image(row: dict[str, str], folder: Path) -> ImageResult:
    def counts(prefix: str) -> Counts:
        return Counts(*(int(row[f"{prefix}{name}"]) for name in Counts._fields))

    return ImageResult(
        Path(os.path.normpath(folder.resolve() / row["image"])),
        row["sha256"],
        row["centre"],
        row["sequence"],
        row["split"],
        int(row["height"]),
        int(row["width"]),
        counts("grid_"),
        counts(""),
        float(row["hd95"]) if row["hd95"] else None,
    )
