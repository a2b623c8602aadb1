"""What one pass found, everything derived from its rows, and its files."""

import csv
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.errors import TrainingError
from train.evaluate import evaluate
from train.evaluation import SIZES, Evaluation, calibration_error
from train.evaluation_files import read_evaluation, write_evaluation
from train.manifest import Sample
from train.metrics import challenge, frame_level, micro, paper, positives_only

Engine = Callable[..., Any]


@pytest.fixture
def found(samples: list[Sample], green_engine: Engine) -> Evaluation:
    return evaluate(green_engine(), samples, name="green", conditions={"note": "ä|ö"})


def test_each_convention_is_derived_at_its_own_size(found: Evaluation) -> None:
    summary = found.summary()
    assert summary["paper"] == paper(found.grid_rows)
    assert summary["micro"] == micro(found.grid_rows)
    assert summary["positives_only"] == positives_only(found.grid_rows)
    assert summary["challenge"] == challenge(found.native_rows)
    assert summary["frames"] == frame_level(found.native_rows)
    assert summary["images"] == 6


def test_every_image_is_of_one_centre_and_every_polyp_of_one_size(found: Evaluation) -> None:
    summary = found.summary()
    assert {name: group["images"] for name, group in summary["by_centre"].items()} == {
        "A": 3,
        "B": 3,
    }
    sizes = {name: group["images"] for name, group in summary["by_size"].items()}
    assert sizes == {"small": 1, "medium": 2, "large": 1}  # 0.4, 9.7, 9.4 and 12.2 %


def test_sizes_leave_no_gap() -> None:
    assert SIZES[0][1] == 0.0
    assert all(first[2] == second[1] for first, second in itertools.pairwise(SIZES))
    assert SIZES[-1][2] > 1.0


def test_intervals_hold_the_mean_and_say_what_was_drawn(found: Evaluation) -> None:
    summary = found.summary(seed=3)
    assert (summary["intervals"]["clustered_by"], summary["intervals"]["clusters"]) == ("image", 6)
    low, high = summary["intervals"]["paper"]["polyp"]["f1"]
    assert low <= summary["paper"]["polyp"]["f1"] <= high
    by_centre = found.summary(cluster_by="centre")["intervals"]
    assert (by_centre["clustered_by"], by_centre["clusters"]) == ("centre", 2)


def test_recordings_are_drawn_as_a_whole_where_they_are_known(found: Evaluation) -> None:
    images = tuple(
        replace(image, sequence=f"s{number // 2}") for number, image in enumerate(found.images)
    )
    intervals = replace(found, images=images).summary()["intervals"]
    # Centres A and B have three images each: s0, s1 and s1, s2.
    assert (intervals["clustered_by"], intervals["clusters"]) == ("sequence", 4)


def test_the_calibration_error_is_the_mean_gap() -> None:
    #       pixels, sum of probability, polyp
    bins = np.array([[60.0, 6.0, 0.0], [0.0, 0.0, 0.0], [40.0, 36.0, 30.0]])
    assert calibration_error(bins) == pytest.approx((6 + 6) / 100)
    assert calibration_error(np.zeros((20, 3))) is None


def test_what_is_written_is_read_again(found: Evaluation, tmp_path: Path) -> None:
    path = tmp_path / "out" / "green.json"
    written = write_evaluation(path, found)
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "green.csv",
        "green.json",
        "green.md",
    ]
    again = read_evaluation(path)
    assert again.images == found.images
    assert again.conditions == found.conditions
    assert again.name == "green"
    assert np.array_equal(again.reliability, found.reliability)
    assert json.loads(path.read_text("utf-8")) == written
    assert again.summary() == {name: value for name, value in written.items() if name != "format"}


def test_the_rows_alone_give_the_papers_figures(found: Evaluation, tmp_path: Path) -> None:
    path = tmp_path / "green.json"
    written = write_evaluation(path, found)
    with path.with_suffix(".csv").open() as file:
        rows = [
            {name: row[f"grid_{name}"] for name in ("tp", "fp", "fn")}
            for row in csv.DictReader(file)
        ]
    counts = [{name: int(value) for name, value in row.items()} for row in rows]
    dice = [
        1.0 if not any(row.values()) else 2 * row["tp"] / (2 * row["tp"] + row["fp"] + row["fn"])
        for row in counts
    ]
    assert np.mean(dice) == pytest.approx(written["paper"]["polyp"]["f1"])


def test_nothing_in_the_json_is_nan(
    samples: list[Sample], green_engine: Engine, tmp_path: Path
) -> None:
    negatives = [samples[2], samples[5]]
    written = write_evaluation(tmp_path / "n.json", evaluate(green_engine(), negatives))
    assert written["hd95"] == {"pixels": None, "share_of_diagonal": None, "measured": 0}
    assert written["frames"]["sensitivity"] is None
    assert "NaN" not in (tmp_path / "n.json").read_text()
    assert "nan" not in (tmp_path / "n.md").read_text().lower()


def test_the_page_tells_the_figures_and_their_conditions(found: Evaluation, tmp_path: Path) -> None:
    write_evaluation(tmp_path / "green.json", found)
    page = (tmp_path / "green.md").read_text("utf-8")
    summary = found.summary()
    assert page.startswith("# green\n")
    assert "- note: ä|ö" in page
    assert f"| polyp | {summary['paper']['polyp']['iou']:.3f} (" in page
    assert f"{summary['challenge']['score']:.3f} (" in page
    assert "| B | 3 | 2 |" in page
    assert "alarm in frames with a polyp (4) | 100.00 %" in page


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("green.json", "{", "is no evaluation"),
        ("green.json", "[]", "is no evaluation"),
        ("green.json", '{"format": 99}', "format 99"),
        ("green.csv", "image\nx\n", "is no evaluation"),
        ("green.csv", "", "counts 6 images but its CSV lists 0"),
        ("green.csv", None, "green.csv: cannot be read"),
        ("green.json", None, "green.json: cannot be read"),
    ],
)
def test_damaged_files_are_one_clear_line(
    found: Evaluation, tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    write_evaluation(tmp_path / "green.json", found)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    with pytest.raises(TrainingError, match=message):
        read_evaluation(tmp_path / "green.json")


def test_a_file_that_cannot_be_written_is_one_clear_line(found: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(TrainingError, match="cannot be written"):
        write_evaluation(tmp_path / "taken" / "green.json", found)
