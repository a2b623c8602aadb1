"""COCO instances: `instances_default.json` of CVAT, Datumaro and most others."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from train.annotations.annotated import Annotated
from train.annotations.shapes import Damaged, NoArea, Polygons, Runs, Shape, counts_of
from train.errors import ManifestError

KEYS = {"images", "annotations", "categories"}

UNCORRECTED = "Predictions of divergent-stream that nobody has corrected"
"""What `divergent-stream process --coco` writes into `info.description`."""


def read_coco(path: Path) -> list[Annotated] | None:
    """Read COCO instances.

    Returns:
        The pictures in the file's order; None where it is no such file.

    Raises:
        ManifestError: the file is damaged, or holds predictions as they were made.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not content.keys() >= KEYS:
        return None
    info = content.get("info")
    if isinstance(info, dict) and info.get("description") == UNCORRECTED:
        raise ManifestError(f"{path}: holds what was predicted: correct it in a tool and export it")
    try:
        labels = {entry["id"]: str(entry["name"]) for entry in content["categories"]}
        pictures: dict[Any, Annotated] = {
            entry["id"]: Annotated(
                str(entry["file_name"]), int(entry["width"]), int(entry["height"]), str(path), []
            )
            for entry in content["images"]
        }
        for entry in content["annotations"]:
            picture = pictures[entry["image_id"]]
            shape = _shape(entry, (picture.height, picture.width))
            picture.shapes.append((labels[entry["category_id"]], shape))
        return list(pictures.values())
    except (KeyError, TypeError, ValueError) as problem:
        what = f"{type(problem).__name__}: {problem}"
        raise ManifestError(f"{path}: is damaged ({what}): export it again") from problem


def _shape(entry: Mapping[str, Any], size: tuple[int, int]) -> Shape:
    match entry.get("segmentation"):
        case {"counts": _, "size": [*given]} if given != list(size):
            return Damaged("a mask has another size than its picture")
        case {"counts": str(text)}:
            try:
                return Runs(counts_of(text), None, by_columns=True)
            except ValueError as problem:
                return Damaged(str(problem))
        case {"counts": [*counts]} if _all(int, counts):
            return Runs(counts, None, by_columns=True)
        case [[*_], *_] as outlines if all(_all(int | float, outline) for outline in outlines):
            return Polygons(outlines)
        case [] | None if "keypoints" not in entry:
            return NoArea("box")
        case _:
            return Damaged("a segmentation is neither polygons nor run lengths")


def _all(kind: Any, values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)
