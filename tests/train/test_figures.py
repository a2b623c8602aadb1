"""All figures of a trained ensemble."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from train.errors import TrainingError
from train.evaluate import evaluate_members
from train.evaluation import Evaluation
from train.figures import draw_figures
from train.manifest import Sample
from train.metrics import image_scores
from train.plots import read_history
from train.shown import choose_rows, show_sample, show_trinet
from train.view import find_view_in

Engine = Callable[..., Any]


@pytest.fixture
def evaluations(samples: list[Sample], green_engine: Engine) -> list[Evaluation]:
    return evaluate_members(green_engine(), samples, name="DivergentNets")


def history(path: Path, epochs: int = 4) -> Path:
    values = [
        {"epoch": n, "loss": 1 / n, "iou": 0.1 * n, "dice": 0.15 * n, "best": True}
        for n in range(1, epochs + 1)
    ]
    path.write_text(json.dumps(values))
    return path


def test_every_figure_is_drawn_as_png_and_pdf(
    samples: list[Sample], green_engine: Engine, evaluations: list[Evaluation], tmp_path: Path
) -> None:
    files = draw_figures(
        tmp_path / "figures",
        evaluations=evaluations,
        histories={"FPN": read_history(history(tmp_path / "history.json"))},
        engine=green_engine(),
        samples=samples,
    )
    names = {
        *("training-curves", "dice-against-size", "reliability", "disagreement-against-dice"),
        *("figure-4", "disagreement"),
    }
    assert {file.stem for file in files} == names
    assert len(files) == 2 * len(names)
    for file in files:
        if file.suffix == ".png":
            picture = cv2.imread(str(file))
            assert picture is not None
            assert picture.std() > 5  # something is drawn
        else:
            assert file.read_bytes().startswith(b"%PDF")


def test_the_same_figure_is_the_same_file(evaluations: list[Evaluation], tmp_path: Path) -> None:
    first = draw_figures(tmp_path / "a", evaluations=evaluations)
    second = draw_figures(tmp_path / "b", evaluations=evaluations)
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_rows_run_from_hard_to_easy_by_the_stated_rule(evaluations: list[Evaluation]) -> None:
    wide = evaluations[1]
    rows = choose_rows(wide, (0, 50, 100))
    scores = image_scores(wide.grid_rows)["f1"]
    assert scores[rows].tolist() == sorted(scores[rows])
    assert scores[rows[0]] == scores[[0, 1, 3, 4]].min()
    assert scores[rows[-1]] == scores[[0, 1, 3, 4]].max()
    assert set(choose_rows(wide)) <= {0, 1, 3, 4}  # images without a polyp are never chosen
    assert len(set(choose_rows(wide))) == len(choose_rows(wide))


def test_a_set_without_polyps_has_no_rows(evaluations: list[Evaluation]) -> None:
    negatives = replace(evaluations[0], images=evaluations[0].images[2:3])
    with pytest.raises(TrainingError, match="no image shows a polyp"):
        choose_rows(negatives)


def test_a_shown_sample_has_every_map_at_the_pictures_size(
    samples: list[Sample], green_engine: Engine
) -> None:
    shown = show_sample(samples[1], green_engine())
    assert list(shown.members) == ["sharp", "wide"]
    for probability in (*shown.members.values(), shown.ensemble):
        assert probability.shape == shown.truth.shape == (300, 400)
    overlap = (shown.ensemble > shown.threshold) & shown.truth
    assert overlap.sum() > 0.95 * shown.truth.sum()


def test_figures_show_what_was_scored(framed: Sample, green_engine: Engine, tmp_path: Path) -> None:
    class Watching(green_engine):
        def predict(self, pictures):
            views.extend(picture.view for picture in pictures)
            return super().predict(pictures)

    for find_view in (None, find_view_in):
        views = []
        engine = Watching()
        evaluations = evaluate_members(engine, [framed], find_view=find_view)
        draw_figures(
            tmp_path / str(find_view), evaluations=evaluations, engine=engine, samples=[framed]
        )
        scored, drawn = views
        assert scored == drawn
        assert (drawn.width == 320) == (find_view is None)


def test_figure_2_shows_what_lies_inside_a_triangle(
    samples: list[Sample], framed: Sample, evaluations: list[Evaluation], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    from nets.architectures import build
    from nets.checkpoint import Header, save_checkpoint
    from nets.preprocessing import Preprocessing
    from nets.spec import MemberSpec, NetworkSpec, TriNetSpec

    torch.manual_seed(0)
    decoder = {"decoder_channels": (32, 24, 16, 8, 8)}
    node = NetworkSpec("unet", "tu-mobilenetv4_conv_small", "none", decoder)
    spec = MemberSpec(TriNetSpec(node, node, node), Preprocessing(height=64, width=96))
    path = tmp_path / "tri.safetensors"
    save_checkpoint(path, build(spec), Header(spec))
    shown = show_trinet(samples[0], path)
    assert all(probability.shape == (64, 96) for probability in shown.maps)
    assert not np.array_equal(shown.maps[0], shown.maps[1])
    inside = show_trinet(framed, path, find_view_in)
    assert inside.rgb.shape[:2] == inside.truth.shape < show_trinet(framed, path).truth.shape
    files = draw_figures(tmp_path, evaluations=evaluations, samples=samples, trinet=path)
    assert {file.name for file in files} >= {"figure-2.png", "figure-2.pdf"}

    single = tmp_path / "single.safetensors"
    spec = MemberSpec(node, Preprocessing(height=64, width=96))
    save_checkpoint(single, build(spec), Header(spec))
    with pytest.raises(TrainingError, match="no triangle"):
        show_trinet(samples[0], single)


def test_nothing_given_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to draw"):
        draw_figures(tmp_path)


def test_another_manifest_than_the_evaluated_one_is_refused(
    samples: list[Sample], green_engine: Engine, evaluations: list[Evaluation], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="give the manifest that was evaluated"):
        draw_figures(tmp_path, evaluations=evaluations, engine=green_engine(), samples=samples[2:3])


def test_members_of_other_images_are_not_compared(
    evaluations: list[Evaluation], tmp_path: Path
) -> None:
    shorter = replace(evaluations[0], images=evaluations[0].images[:4])
    with pytest.raises(TrainingError, match="one manifest"):
        draw_figures(tmp_path, evaluations=[shorter, *evaluations[1:]])


@pytest.mark.parametrize("content", ["", "{}", "[]", '[{"epoch": 1}]', "null"])
def test_a_file_that_is_no_history_is_one_clear_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "history.json").write_text(content)
    with pytest.raises(TrainingError, match="history"):
        read_history(tmp_path / "history.json")
