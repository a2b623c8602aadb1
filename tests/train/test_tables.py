"""The paper's tables with our figures under its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from train.errors import TrainingError
from train.evaluate import evaluate_members
from train.evaluation import Evaluation
from train.manifest import Sample
from train.metrics import image_scores
from train.published import MODELS, TABLE_2, TABLE_3
from train.tables import model_of, paper_tables

Engine = Callable[..., Any]


@pytest.fixture
def evaluations(samples: list[Sample], green_engine: Engine) -> list[Evaluation]:
    fpn, deeplab, both = evaluate_members(green_engine(), samples)
    return [
        replace(both, name="DivergentNets"),
        replace(fpn, name="FPN"),
        replace(deeplab, name="DeepLabv3+"),
    ]


def row(page: str, model: str, source: str) -> list[str]:
    line = next(line for line in page.splitlines() if line.startswith(f"| {model} | {source} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][2:]


def test_names_are_recognised_however_they_are_written() -> None:
    for name, model in (
        ("U-Net++", "unetplusplus"),
        ("unetplusplus", "unetplusplus"),
        ("deeplab_v3+", "deeplabv3plus"),
        ("TriUNet", "triunet"),
        ("Divergent Nets", "divergentnets"),
        ("fpn", "fpn"),
    ):
        assert model_of(name) == model
    assert model_of("student") is None


def test_the_papers_figures_are_as_printed() -> None:
    assert set(TABLE_2) == set(TABLE_3) == set(MODELS)
    best = TABLE_3["divergentnets"]
    assert (best.polyp.iou, best.polyp.f1) == (0.840, 0.899)
    slip = TABLE_3["deeplabv3plus"]
    assert slip.background == slip.polyp
    for table in (TABLE_2, TABLE_3):
        for scores in table.values():
            # With both classes pooled within an image, the three are one figure.
            assert scores.all.f1 == scores.all.recall == scores.all.precision


def test_table_3_has_seven_models_by_twelve_columns(evaluations: list[Evaluation]) -> None:
    page = paper_tables(evaluations)
    for model in MODELS.values():
        assert len(row(page, model, "paper")) == 12
    ours = [cell.strip("*") for cell in row(page, "FPN", "ours")]
    scores = evaluations[1].summary()["paper"]
    assert ours == [
        f"{scores[key][metric]:.3f}"
        for key in ("all", "polyp", "background")
        for metric in ("iou", "f1", "recall", "precision")
    ]
    assert row(page, "DivergentNets", "paper")[4] == "**0.840**"
    assert row(page, "DeepLabv3+", "paper")[8:] == ["0.823†", "0.886†", "0.883†", "0.931†"]
    assert "Table 2" not in page.split("## Conditions of the paper")[0]


def test_validation_gives_table_2_without_table_4(evaluations: list[Evaluation]) -> None:
    validation = [
        replace(each, conditions={**each.conditions, "split": "validation"}) for each in evaluations
    ]
    page = paper_tables(validation)
    assert "## Table 2: validation" in page
    assert "## Table 4" not in page
    assert row(page, "DivergentNets", "paper")[4] == "**0.795**"


def test_table_4_gives_the_score_with_its_deviation_and_warns(
    evaluations: list[Evaluation],
) -> None:
    page = paper_tables(evaluations)
    challenge = evaluations[0].summary()["challenge"]
    assert "| paper, round II | DivergentNets | 0.823 | 0.043 |" in page
    line = next(line for line in page.splitlines() if line.startswith("| ours | DivergentNets |"))
    assert f"{challenge['score']:.3f} (" in line
    assert f"| {challenge['score_sd']:.3f} |" in line
    assert "cannot be compared" in page


def test_the_ensemble_is_compared_with_each_other_model(evaluations: list[Evaluation]) -> None:
    page = paper_tables([*evaluations, replace(evaluations[2], name="student")])
    assert "DivergentNets less each of the others" in page
    table = page.split("Side by side")[1]
    assert " | 0.000 (0.000–0.000) | 1.0000 |" in table  # here the ensemble is this FPN
    ensemble, _, wide = (image_scores(each.grid_rows)["f1"] for each in evaluations)
    for other in ("DeepLabv3+", "student"):
        line = next(line for line in table.splitlines() if line.startswith(f"| {other} | "))
        cells = line.split(" | ")[1:3]
        assert cells[0].startswith(f"{wide.mean():.3f} (")
        assert cells[1].startswith(f"{(ensemble - wide).mean():.3f} (")
    assert "GFLOP" not in table  # nobody counted


def test_any_two_models_are_compared_the_last_with_the_first(evaluations: list[Evaluation]) -> None:
    first, second = (replace(each, name=f"{n}") for n, each in enumerate(evaluations[1:]))
    page = paper_tables([first, second])
    assert "1 less each of the others" in page
    scores = [image_scores(each.grid_rows)["f1"] for each in (first, second)]
    assert f") | {(scores[1] - scores[0]).mean():.3f} (" in page


def test_conditions_that_differ_are_told_model_by_model(evaluations: list[Evaluation]) -> None:
    first, *others = evaluations
    other = replace(first, conditions={**first.conditions, "runs on": "GPU"})
    page = paper_tables([other, *others])
    assert "- runs on: FPN, DeepLabv3+: test; DivergentNets: GPU" in page
    assert "- threshold: 0.5" in page


def test_a_model_the_paper_does_not_have_follows_under_its_own_name(
    evaluations: list[Evaluation],
) -> None:
    page = paper_tables([*evaluations, replace(evaluations[1], name="student | 2")])
    assert "| student \\| 2 | ours |" in page


def test_the_papers_slips_are_listed(evaluations: list[Evaluation]) -> None:
    page = paper_tables(evaluations)
    for slip in ("1,764", "repeat its polyp columns", "DeepLabv3 twice", "Table 4"):
        assert slip in page.split("## Slips in the paper")[1]


def test_the_same_model_twice_is_refused(evaluations: list[Evaluation]) -> None:
    with pytest.raises(TrainingError, match="fpn is evaluated twice on test"):
        paper_tables([*evaluations, evaluations[1]])


def test_models_evaluated_on_different_images_are_refused(evaluations: list[Evaluation]) -> None:
    short = replace(evaluations[0], images=evaluations[0].images[:3])
    with pytest.raises(TrainingError, match="images differ"):
        paper_tables([short, *evaluations[1:]])


def test_no_path_of_the_machine_is_told(evaluations: list[Evaluation], tmp_path: Path) -> None:
    assert str(tmp_path) not in paper_tables(evaluations)
