"""The paper's Tables 2, 3 and 4 with our figures under its own."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from train.errors import TrainingError
from train.evaluation import Evaluation
from train.intervals import compare
from train.markdown import bounded, number, table
from train.metrics import METRICS, image_scores
from train.published import CONDITIONS, MODELS, SLIPS, TABLE_2, TABLE_3, TABLE_4, Row

CLASSES = ("all", "polyp", "background")
HEADER = tuple(
    f"{title} {metric}"
    for title in ("All", "Polyp", "Backgr.")
    for metric in ("IoU", "F1", "REC", "PREC")
)
ALIASES = {
    "unet++": "unetplusplus",
    "deeplabv3+": "deeplabv3plus",
    "trinet": "triunet",
    "ensemble": "divergentnets",
}
ENSEMBLE = "divergentnets"
COSTS = (
    ("parameters", "million parameters", 1e6, 2),
    ("gflop", "GFLOP", 1.0, 2),
    ("megabytes", "MB", 1.0, 1),
    ("ms", "ms, alone", 1.0, 1),
)
"""Of a frame: what it is called in an evaluation and in a table, its unit and digits."""

REPEATED = ("deeplabv3plus", "background")
"""The row of Table 3 that the paper printed twice."""


def model_of(name: str) -> str | None:
    """Tell which of the paper's seven models a name means, if any: `U-Net++` is `unetplusplus`."""
    plain = re.sub(r"[\s_-]", "", name.lower())
    plain = ALIASES.get(plain, plain)
    return plain if plain in MODELS else None


def paper_tables(evaluations: Sequence[Evaluation], *, seed: int = 0) -> str:
    """Write Tables 2, 3 and 4 as Markdown.

    Args:
        evaluations: of one model on one split each; `conditions["split"]` says `validation`
            (Table 2) or `test` (Table 3), and the name says which model it is. Models the paper
            does not have follow under their own names. Table 4 is made of the test.
        seed: of the bootstrap.

    Returns:
        The tables, the paper's figures beside ours, and the conditions of both.

    Raises:
        TrainingError: a model is there twice for one split, or the models of a split were
            evaluated on different images.
    """
    parts = ["# The paper's tables\n"]
    for caption, split, published in (
        ("Table 2: validation", "validation", TABLE_2),
        ("Table 3: test", "test", TABLE_3),
    ):
        chosen = _by_model(evaluations, split)
        if chosen:
            summaries = {model: each.summary(seed=seed) for model, each in chosen.items()}
            parts += [f"## {caption}\n", _table_2_or_3(summaries, published)]
            parts += [_with_intervals(summaries), _side_by_side(chosen, summaries, seed)]
            if split == "test":
                parts += ["## Table 4: the challenge's score\n", _table_4(summaries)]
            parts.append(_conditions(split, summaries))
    parts += [
        "## Conditions of the paper's figures\n",
        "".join(f"- {line}\n" for line in CONDITIONS),
        "## Slips in the paper\n",
        "".join(f"- {line}\n" for line in SLIPS),
    ]
    return "\n".join(part for part in parts if part)


def _by_model(evaluations: Sequence[Evaluation], split: str) -> dict[str, Evaluation]:
    """Order a split's evaluations as the paper does, others after them."""
    found: dict[str, Evaluation] = {}
    for each in evaluations:
        if each.conditions.get("split") == split:
            model = model_of(each.name) or each.name
            if model in found:
                raise TrainingError(f"{model} is evaluated twice on {split}: give one of them")
            found[model] = each
    contents = {tuple(image.sha256 for image in each.images) for each in found.values()}
    if len(contents) > 1:
        raise TrainingError(
            f"the models' {split} images differ: evaluate all of them on one manifest"
        )
    order = [*(model for model in MODELS if model in found), *(m for m in found if m not in MODELS)]
    return {model: found[model] for model in order}


def _table_2_or_3(summaries: Mapping[str, Any], published: Mapping[str, Row]) -> str:
    """Two lines a model: the paper's and ours; each source's best of a column is bold."""
    paper = {
        model: [getattr(getattr(row, key), metric) for key in CLASSES for metric in METRICS]
        for model, row in published.items()
    }
    ours = {
        model: [summary["paper"][key][metric] for key in CLASSES for metric in METRICS]
        for model, summary in summaries.items()
    }
    rows = []
    for model in dict.fromkeys((*MODELS, *ours)):
        title = MODELS.get(model, model)
        if model in paper:
            cells = _bold_best(paper[model], list(paper.values()))
            if published is TABLE_3 and model == REPEATED[0]:
                start = 4 * CLASSES.index(REPEATED[1])
                cells = [f"{cell}†" if n >= start else cell for n, cell in enumerate(cells)]
            rows.append((title, "paper", *cells))
        if model in ours:
            rows.append((title, "ours", *_bold_best(ours[model], list(ours.values()))))
    return table(("Model", "", *HEADER), rows, text_columns=2)


def _bold_best(values: list[float | None], columns: list[list[float | None]]) -> list[str]:
    cells = []
    for place, value in enumerate(values):
        others = [column[place] for column in columns]
        best = max((round(other, 3) for other in others if other is not None), default=None)
        text = number(value)
        cells.append(f"**{text}**" if value is not None and round(value, 3) == best else text)
    return cells


def _with_intervals(summaries: Mapping[str, Any]) -> str:
    def cells(summary: Mapping[str, Any]) -> list[str]:
        scores, ends = summary["paper"]["polyp"], summary["intervals"]["paper"]["polyp"]
        return [bounded(scores[metric], ends[metric]) for metric in METRICS]

    clusters = next(iter(summaries.values()))["intervals"]
    return (
        f"Ours, polyp class, with 95 % intervals (bootstrap over {clusters['clusters']} "
        f"{clusters['clustered_by']}s):\n\n"
    ) + table(
        ("Model", "IoU", "F1", "REC", "PREC"),
        [(MODELS.get(model, model), *cells(summary)) for model, summary in summaries.items()],
    )


def _side_by_side(chosen: Mapping[str, Evaluation], summaries: Mapping[str, Any], seed: int) -> str:
    """All models in one table: what each is worth, beside one of them, and what a frame costs.

    That one is the ensemble, or else the last; costs are those that were counted and timed.
    """
    *others, last = chosen
    if not others and not summaries[last].get("cost"):
        return ""
    reference = ENSEMBLE if ENSEMBLE in chosen else last
    title = MODELS.get(reference, reference)
    scores = image_scores(chosen[reference].grid_rows)["f1"]
    header = ["Model", "F1", f"{title} less it", "p"]
    costs = {model: summary.get("cost") or {} for model, summary in summaries.items()}
    if any(costs.values()):
        header += [column for _, column, _, _ in COSTS]
    rows = []
    for model, each in chosen.items():
        f1 = image_scores(each.grid_rows)["f1"]
        ends = summaries[model]["intervals"]["paper"]["polyp"]["f1"]
        less = compare(scores, f1, each.clusters(), seed=seed) if model != reference else None
        cells = [MODELS.get(model, model), bounded(summaries[model]["paper"]["polyp"]["f1"], ends)]
        cells += (
            [bounded(less.mean, (less.low, less.high)), number(less.p, 4)] if less else ["", ""]
        )
        for key, _, unit, digits in COSTS if any(costs.values()) else ():
            value = costs[model].get(key)
            cells.append(number(value and value / unit, digits))
        rows.append(cells)
    return (
        f"Side by side: polyp F1, {title} less each of the others image by image, and what a frame "
        "costs where that was measured:\n\n"
    ) + table(header, rows)


def _table_4(summaries: Mapping[str, Any]) -> str:
    rows: list[tuple[str, ...]] = [
        (f"paper, round {round_}", MODELS[model], number(score), number(sd), "")
        for round_, model, score, sd in TABLE_4
    ]
    rows += [
        (
            "ours",
            MODELS.get(model, model),
            bounded(summary["challenge"]["score"], summary["intervals"]["challenge"]["score"]),
            number(summary["challenge"]["score_sd"]),
            number(summary["challenge"]["metrics_sd"]),
        )
        for model, summary in summaries.items()
    ]
    header = ("", "Model", "Score", "SD of the images' score", "mean SD of the four metrics")
    return table(header, rows, text_columns=2) + (
        "\nOurs is on the manifest given, the paper's on the challenge's hidden sets: the two "
        "cannot be compared.\n"
    )


def _conditions(split: str, summaries: Mapping[str, Any]) -> str:
    """Say under what our figures were made: what all share, then what is each model's own."""
    all_conditions = {model: summary["conditions"] for model, summary in summaries.items()}
    names = dict.fromkeys(name for each in all_conditions.values() for name in each)
    first = next(iter(summaries.values()))
    lines = [f"- images: {first['images']}\n"]
    for name in names:
        shared: dict[str, list[str]] = {}
        for model, each in all_conditions.items():
            shared.setdefault(str(each.get(name)), []).append(MODELS.get(model, model))
        told = [f"{', '.join(models)}: {value}" for value, models in shared.items()]
        lines.append(f"- {name}: {'; '.join(told) if len(told) > 1 else next(iter(shared))}\n")
    return f"Conditions of our figures on the {split} split:\n\n" + "".join(lines)
