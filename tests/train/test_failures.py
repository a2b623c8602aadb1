"""The page of the worst pictures."""

import base64
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from train.errors import TrainingError
from train.evaluate import evaluate
from train.evaluation import Evaluation
from train.failures import TRUTH, worst_of, write_failures
from train.manifest import Sample
from train.metrics import Counts
from train.spread import seed_spread

Engine = Callable[..., Any]


@pytest.fixture
def judged(samples: list[Sample], green_engine: Engine) -> Evaluation:
    return evaluate(green_engine(), samples, name="<green>")


def changed(judged: Evaluation, rows: dict[int, Counts]) -> Evaluation:
    """With other counts for some images."""
    images = [
        replace(image, grid=rows.get(place, image.grid), native=rows.get(place, image.native))
        for place, image in enumerate(judged.images)
    ]
    return replace(judged, images=tuple(images))


def test_the_worst_come_first_and_of_equals_the_larger_error(judged: Evaluation) -> None:
    found = changed(
        judged,
        {
            0: Counts(0, 0, 10, 990),  # missed
            1: Counts(0, 50, 10, 940),  # elsewhere, and more pixels wrong
            2: Counts(0, 5, 0, 995),  # false alarm
            3: Counts(10, 5, 2, 983),  # too much
            4: Counts(10, 2, 5, 983),  # too little
            5: Counts(0, 0, 0, 1000),  # right
        },
    )
    worst = worst_of(found, 6)
    assert [failure.kind for failure in worst] == [
        "elsewhere",
        "missed",
        "false alarm",
        "too much",
        "too little",
        "right",
    ]
    assert [failure.f1 for failure in worst] == sorted(failure.f1 for failure in worst)
    assert len(worst_of(found, 2)) == 2


def test_the_page_holds_pictures_with_both_outlines_and_what_is_said_of_them(
    judged: Evaluation, samples: list[Sample], green_engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "page.html"
    worst = write_failures(path, judged, green_engine(), samples, count=4)
    text = path.read_text()
    assert "&lt;green&gt;: where it fails" in text
    assert "<green>" not in text
    assert not re.search(r'(src|href)="(?!data:)', text)  # nothing is fetched from anywhere
    encoded = re.findall(r"data:image/jpeg;base64,([^\"]+)", text)
    assert len(encoded) == len(worst) == 4
    for failure, each in zip(worst, encoded, strict=True):
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(each), np.uint8), cv2.IMREAD_COLOR)
        assert max(picture.shape[:2]) == 420
        white = (np.abs(picture.astype(int) - TRUTH) < 60).all(-1).sum()
        assert (white > 0) == (failure.share > 0)
        assert failure.result.image.name in text
    for said in ("Calibration", "By centre", "large, 12 to 100 %", "the whole frame"):
        assert said in text


def test_a_picture_that_is_not_in_the_manifest_is_named(
    judged: Evaluation, samples: list[Sample], green_engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="not in the manifest"):
        write_failures(tmp_path / "page.html", judged, green_engine(), samples[:2], count=6)
    assert not (tmp_path / "page.html").exists()


def test_seeds_of_one_model_are_laid_side_by_side(judged: Evaluation) -> None:
    worse = changed(judged, {0: Counts(0, 0, 10, 990)})
    page = seed_spread([judged, worse, judged])
    assert "3 trainings, 6 images" in page
    (line,) = [line for line in page.splitlines() if line.startswith("| polyp F1")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    mean, deviation, least, most, *own = map(float, cells[1:])
    assert (least, most) == (min(own), max(own))
    assert mean == pytest.approx(np.mean(own), abs=6e-4)
    assert deviation == pytest.approx(np.std(own, ddof=1), abs=6e-4)
    with pytest.raises(TrainingError, match="one training has no spread"):
        seed_spread([judged, replace(worse, name="other")])
    with pytest.raises(TrainingError, match="different images"):
        seed_spread([judged, judged.only([True] * 5 + [False])])


def test_the_page_is_drawn_without_the_library_of_figures() -> None:
    script = "import sys, train.failures; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
