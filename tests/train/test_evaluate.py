"""One pass over a manifest: picture, engine, counts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nets.errors import EngineError
from nets.grid import Grid
from nets.picture import Rect
from nets.preprocessing import Prepared, Preprocessing
from train.errors import ManifestError, TrainingError
from train.evaluate import evaluate, evaluate_members, load_prepared
from train.manifest import Sample
from train.metrics import image_scores
from train.scoring import BINS, on_frame

Engine = Callable[..., Any]


def test_rows_are_counted_at_both_sizes_in_the_manifests_order(
    samples: list[Sample], green_engine: Engine
) -> None:
    found = evaluate(green_engine(), samples, name="green")
    assert [image.image for image in found.images] == [sample.image for sample in samples]
    assert [(image.height, image.width) for image in found.images[:2]] == [(120, 160), (300, 400)]
    assert (found.grid_rows.sum(axis=1) == 256 * 256).all()
    native = [image.height * image.width for image in found.images]
    assert found.native_rows.sum(axis=1).tolist() == native
    # A sharp outline keeps its place to within a sample when it is brought to 256 and back.
    assert (image_scores(found.grid_rows)["f1"] > 0.93).all()
    assert (image_scores(found.native_rows)["f1"] > 0.93).all()


def test_a_frame_without_polyp_and_without_alarm_scores_one_and_has_no_outline(
    samples: list[Sample], green_engine: Engine
) -> None:
    found = evaluate(green_engine(), samples)
    empty = found.images[2]
    assert empty.native == (0, 0, 0, 240 * 200)
    assert empty.hd95 is None
    assert found.images[0].hd95 is not None
    assert found.images[0].hd95 < 3.0


def test_the_threshold_itself_is_background(samples: list[Sample], green_engine: Engine) -> None:
    engine = green_engine(sure=0.5)
    found = evaluate(engine, samples)
    assert found.native_rows[:, :2].sum() == 0


def test_a_region_that_is_not_sure_enough_is_background(
    samples: list[Sample], green_engine: Engine
) -> None:
    engine = green_engine(sure=0.8)
    engine.certainty = 0.85
    assert evaluate(engine, samples).native_rows[:, :2].sum() == 0
    assert all(it.native_rows[:, :2].sum() == 0 for it in evaluate_members(engine, samples))
    engine.certainty = 0.75
    assert evaluate(engine, samples).images == evaluate(green_engine(), samples).images


def test_members_are_evaluated_beside_the_ensemble(
    samples: list[Sample], green_engine: Engine
) -> None:
    sharp, wide, both = evaluate_members(green_engine(), samples, name="both")
    assert [sharp.name, wide.name, both.name] == ["sharp", "wide", "both"]
    assert sharp.images == both.images == evaluate(green_engine(), samples).images
    polyps = [0, 1, 3, 4]
    assert (wide.grid_rows[polyps, 1] > sharp.grid_rows[polyps, 1]).all()


def test_reliability_counts_every_sample_at_256(
    samples: list[Sample], green_engine: Engine
) -> None:
    found = evaluate(green_engine(sure=0.97), samples)
    assert found.reliability.shape == (BINS, 3)
    assert found.reliability[:, 0].sum() == 6 * 256 * 256
    assert found.reliability[-1, 2] / found.reliability[-1, 0] > 0.9  # sure, and right
    assert found.reliability[0, 2] / found.reliability[0, 0] < 0.01


def test_a_view_is_shown_alone_and_nothing_outside_it_is_polyp(
    samples: list[Sample], green_engine: Engine
) -> None:
    contract = Preprocessing(height=64, width=64, extent="view")
    left_half = Rect(0, 0, 80, 120)
    found = evaluate(green_engine(contract), samples[:1], find_view=lambda rgb: left_half)
    row = found.images[0].native
    whole = evaluate(green_engine(), samples).images[0].native
    assert row.tp == pytest.approx(whole.tp / 2, rel=0.1)
    assert row.fp < 0.05 * row.tp
    assert found.conditions["view"] == "found in each picture"


def test_a_grid_over_the_frame_and_one_over_the_view_fall_on_the_same_place() -> None:
    frame, view = Rect(0, 0, 200, 100), Rect(40, 20, 100, 50)
    prepared = Prepared((), view, frame)
    across = np.tile(np.linspace(0, 1, 200, dtype=np.float32), (100, 1))
    part = across[20:70, 40:140]
    from_frame = on_frame(across, "frame", prepared)
    from_view = on_frame(part, "view", prepared)
    assert np.array_equal(from_view, from_frame)
    assert np.array_equal(from_view[20:70, 40:140], part)
    outside = np.ones((100, 200), np.bool_)
    outside[20:70, 40:140] = False
    assert not from_view[outside].any()


def test_batches_keep_their_order_whatever_their_size(
    samples: list[Sample], green_engine: Engine
) -> None:
    samples = samples * 4
    engine = green_engine()
    done: list[tuple[int, int]] = []
    found = evaluate(engine, samples, progress=lambda now, total: done.append((now, total)))
    assert [image.sha256 for image in found.images] == [sample.sha256 for sample in samples]
    assert sum(engine.asked) == 24
    assert done[-1] == (24, 24)


def test_a_rectangle_of_another_shape_than_the_network_is_stretched_as_in_video(
    samples: list[Sample], green_engine: Engine
) -> None:
    engine = green_engine(
        Preprocessing(height=96, width=160, extent="frame"), Grid(48, 80, "frame")
    )
    rgb, truth, prepared = load_prepared(samples[1], engine)
    assert rgb.shape == (300, 400, 3)
    assert truth.shape == (300, 400)
    assert prepared.inputs[0].shape == (96, 160, 3)
    found = evaluate(engine, samples)
    assert (image_scores(found.native_rows)["f1"][[0, 1, 4]] > 0.85).all()


def test_an_unreadable_picture_stops_the_evaluation_and_is_named(
    samples: list[Sample], green_engine: Engine
) -> None:
    samples[4].image.write_bytes(b"no picture")
    with pytest.raises(ManifestError, match=r"4\.png: is no picture"):
        evaluate(green_engine(), samples)


def test_nothing_to_evaluate_is_an_error(green_engine: Engine) -> None:
    with pytest.raises(ManifestError, match="no samples"):
        evaluate(green_engine(), [])


def test_numbers_that_are_no_probabilities_are_refused(
    samples: list[Sample], green_engine: Engine
) -> None:
    with pytest.raises(EngineError, match="no probabilities"):
        evaluate(green_engine(sure=float("nan")), samples)


def test_conditions_are_kept_with_the_numbers(samples: list[Sample], green_engine: Engine) -> None:
    found = evaluate(green_engine(), samples, conditions={"encoder": "none"})
    assert found.conditions["split"] == "test"
    assert found.conditions["centres"] == "A, B"
    assert found.conditions["threshold"] == 0.5
    assert found.conditions["encoder"] == "none"
    assert found.conditions["grid"] == "256x256 of the frame"


def test_an_ensemble_is_evaluated_without_each_of_its_members(
    samples: list[Sample], green_engine: Engine
) -> None:
    found = evaluate_members(green_engine(), samples, name="both", shares=(0.25, 0.75))
    sharp, wide, without_sharp, without_wide, _ = found
    assert [without_sharp.name, without_wide.name] == ["without-sharp", "without-wide"]
    assert without_sharp.images == wide.images
    assert without_wide.images == sharp.images
    with pytest.raises(TrainingError, match="nothing is left"):
        evaluate_members(green_engine(), samples, shares=(1.0, 0.0))
