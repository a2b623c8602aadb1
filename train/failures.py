"""The pictures on which an ensemble does worst, as a page to look at."""

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np
from numpy.typing import NDArray

from nets.engine.protocol import Engine
from nets.files import write_whole
from train.errors import TrainingError
from train.evaluate import FindView
from train.evaluation import SIZES, Evaluation, ImageResult
from train.manifest import Sample
from train.markdown import NONE, bounded, number
from train.metrics import image_scores
from train.shown import Shown, show_sample

TRUTH, PREDICTED = (255, 255, 255), (0, 220, 130)
SIDE = 420
"""Longest side of a picture on the page."""

JPEG_QUALITY = 88
TEMPLATE = "failures.html.jinja"

KINDS = {
    "missed": "a polyp, and nothing marked",
    "elsewhere": "a polyp, and something else marked",
    "false alarm": "no polyp, and something marked",
    "too little": "more of the polyp is missing than marked beside it",
    "too much": "more is marked beside the polyp than missing of it",
    "right": "nothing missing and nothing beside it",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One picture on the page.

    Attributes:
        result: its row.
        f1: of the polyp class at 256x256.
        kind: of `KINDS`.
        share: of the picture that polyps cover.
    """

    result: ImageResult
    f1: float
    kind: str
    share: float


def worst_of(evaluation: Evaluation, count: int) -> list[Failure]:
    """The pictures with the lowest F1; of equals those with more pixels wrong come first."""
    failures = _failures(evaluation)
    rows = evaluation.native_rows
    wrong = (rows[:, 1] + rows[:, 2]) / np.maximum(rows.sum(axis=1), 1)
    order = sorted(range(len(failures)), key=lambda place: (failures[place].f1, -wrong[place]))
    return [failures[place] for place in order[:count]]


def write_failures(
    path: Path,
    evaluation: Evaluation,
    engine: Engine,
    samples: Sequence[Sample],
    *,
    count: int = 20,
    find_view: FindView | None = None,
) -> list[Failure]:
    """Write the page, one HTML file with its pictures inside.

    Args:
        path: the file, replaced if it is there.
        evaluation: of the ensemble.
        engine: the ensemble.
        samples: those that were evaluated; others are passed over.
        count: of pictures.
        find_view: finds the endoscope's picture; None takes the whole frame.

    Returns:
        What is on the page, the worst first.

    Raises:
        TrainingError: a picture that was evaluated is not among the samples, or the page cannot
            be written.
        ManifestError: a sample cannot be read.
        EngineError: the engine cannot run.
    """
    by_content = {sample.sha256: sample for sample in samples}
    worst = worst_of(evaluation, count)
    pictures = []
    for failure in worst:
        sample = by_content.get(failure.result.sha256)
        if sample is None:
            raise TrainingError(
                f"{failure.result.image.name} was evaluated but is not in the manifest: give the "
                "manifest that was evaluated"
            )
        pictures.append(_data_url(_drawn(show_sample(sample, engine, find_view))))
    page = _template().render(
        name=evaluation.name,
        conditions=evaluation.conditions,
        failures=zip(worst, pictures, strict=True),
        count=len(worst),
        images=len(evaluation.images),
        kinds=KINDS,
        **_tables(evaluation),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, page.encode())
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written: {error.strerror or error}") from error
    return worst


def _failures(evaluation: Evaluation) -> list[Failure]:
    scores = image_scores(evaluation.grid_rows)["f1"]
    shares = evaluation.polyp_share
    return [
        Failure(result, float(f1), _kind(result), float(share))
        for result, f1, share in zip(evaluation.images, scores, shares, strict=True)
    ]


def _kind(result: ImageResult) -> str:
    tp, fp, fn, _ = result.native
    if not tp + fn:
        return "false alarm" if fp else "right"
    if not tp:
        return "elsewhere" if fp else "missed"
    if not fp + fn:
        return "right"
    return "too little" if fn >= fp else "too much"


def _tables(evaluation: Evaluation) -> dict[str, Any]:
    """What the page says in numbers: how often each kind is, scores by group, calibration."""
    summary = evaluation.summary()
    kinds = Counter(failure.kind for failure in _failures(evaluation))
    bad = Counter(f.kind for f in _failures(evaluation) if f.f1 < 0.5)
    sizes = {name: f"{100 * low:g} to {100 * min(high, 1):g} %" for name, low, high in SIZES}
    groups = [
        (
            title,
            group["images"],
            number(group["polyp"]["iou"]),
            bounded(group["polyp"]["f1"], group["f1_interval"]),
        )
        for title, group in (
            *((centre, group) for centre, group in summary["by_centre"].items()),
            *((f"{n}, {sizes[n]}", group) for n, group in summary["by_size"].items()),
        )
    ]
    return {
        "shares": [(kind, KINDS[kind], kinds[kind], bad[kind]) for kind in KINDS if kinds[kind]],
        "groups": groups,
        "calibration_error": number(summary["reliability"]["calibration_error"]),
        "calibration": [
            (f"{said:.2f}", f"{true:.2f}", f"{100 * share:.2f}")
            for said, true, share in _calibration(evaluation)
        ],
        "f1": number(summary["paper"]["polyp"]["f1"]),
        "none": NONE,
    }


def _calibration(evaluation: Evaluation) -> list[tuple[float, float, float]]:
    """Of each bin: mean probability, share of polyp, share of all pixels."""
    pixels, probability, polyp = evaluation.reliability.T
    return [
        (probability[place] / pixels[place], polyp[place] / pixels[place], share)
        for place, share in enumerate(pixels / max(pixels.sum(), 1))
        if pixels[place]
    ]


def _drawn(shown: Shown) -> NDArray[np.uint8]:
    """The picture with outlines of the truth and of what is marked, (h, w, 3) RGB."""
    height, width = shown.rgb.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = cv2.resize(shown.rgb, size, interpolation=cv2.INTER_AREA)
    marked = shown.ensemble > shown.threshold
    # The truth wider, so that it is seen below what agrees with it.
    for mask, colour, wide in ((shown.truth, TRUTH, 4), (marked, PREDICTED, 2)):
        small = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(small, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, colour, wide)
    return np.asarray(picture, np.uint8)


def _data_url(rgb: NDArray[np.uint8]) -> str:
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"


def _template() -> jinja2.Template:
    text = resources.files("train").joinpath(TEMPLATE).read_text("utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
