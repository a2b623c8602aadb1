"""How much a figure owes to the seed: several trainings of one model, side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from train.errors import TrainingError
from train.evaluation import Evaluation
from train.markdown import number, table

FIGURES: Mapping[str, Callable[[dict[str, Any]], float | None]] = {
    "polyp IoU": lambda values: values["paper"]["polyp"]["iou"],
    "polyp F1": lambda values: values["paper"]["polyp"]["f1"],
    "recall": lambda values: values["paper"]["polyp"]["recall"],
    "precision": lambda values: values["paper"]["polyp"]["precision"],
    "challenge score": lambda values: values["challenge"]["score"],
    "alarm in frames with a polyp": lambda values: values["frames"]["sensitivity"],
    "silence in frames without": lambda values: values["frames"]["specificity"],
    "calibration error": lambda values: values["reliability"]["calibration_error"],
}
FEWEST = 2


def seed_spread(evaluations: Sequence[Evaluation]) -> str:
    """Write the spread of each figure over evaluations that bear one name, as Markdown.

    Args:
        evaluations: of trainings from several seeds; those of one name are of one model.

    Returns:
        A table a model: mean, standard deviation (of the sample), least and most, and each
        training's own figure.

    Raises:
        TrainingError: there are fewer than two of a name, or they are not of the same images.
    """
    by_name: dict[str, list[Evaluation]] = {}
    for each in evaluations:
        by_name.setdefault(each.name, []).append(each)
    parts = []
    for name, group in by_name.items():
        if len(group) < FEWEST:
            raise TrainingError(
                f"{name}: one training has no spread: give the evaluations of several seeds, all "
                "made with the same --name"
            )
        if len({tuple(image.sha256 for image in each.images) for each in group}) > 1:
            raise TrainingError(f"{name}: evaluated on different images: use one manifest")
        summaries = [each.summary() for each in group]
        rows = [
            _row(title, [figure(values) for values in summaries])
            for title, figure in FIGURES.items()
        ]
        split = group[0].conditions.get("split", "")
        header = ("", "mean", "deviation", "least", "most", *(f"{n}." for n in _from_one(group)))
        parts.append(
            f"## {name}: {len(group)} trainings, {len(group[0].images)} images"
            f"{f' of {split}' if split else ''}\n\n{table(header, rows)}"
        )
    return "\n".join(parts)


def _from_one(group: Sequence[Evaluation]) -> range:
    return range(1, len(group) + 1)


def _row(title: str, values: Sequence[float | None]) -> tuple[str, ...]:
    known = np.array([value for value in values if value is not None])
    if known.size < len(values):
        return (title, *[number(None)] * 4, *(number(value) for value in values))
    spread = (known.mean(), known.std(ddof=1), known.min(), known.max())
    return (title, *(number(float(value)) for value in (*spread, *known)))
