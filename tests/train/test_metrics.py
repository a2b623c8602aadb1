"""Every convention a segmentation is scored by."""

import numpy as np
import pytest

from train.metrics import (
    METRICS,
    challenge,
    challenge_scores,
    count,
    frame_level,
    image_scores,
    micro,
    of_all_classes,
    of_background,
    paper,
    positives_only,
    rows_of,
)

MISSED = (0, 0, 40, 60)
FALSE_ALARM = (0, 10, 0, 90)
NOTHING = (0, 0, 0, 100)
HALF = (20, 5, 20, 55)
PERFECT = (30, 0, 0, 70)


def rows(*counts: tuple[int, int, int, int]) -> np.ndarray:
    return np.array(counts, np.int64).reshape(-1, 4)


def masks(seed: int, number: int = 6) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    prediction = generator.random((number, 16, 16)) > 0.6
    truth = generator.random((number, 16, 16)) > 0.7
    prediction[0] = truth[0] = False
    prediction[1] = False
    truth[2] = False
    return prediction, truth


def test_counts_are_the_four_ways_a_pixel_can_be() -> None:
    prediction = np.array([[True, True, False], [False, True, False]])
    truth = np.array([[True, False, False], [True, True, False]])
    counts = count(prediction, truth)
    assert counts == (2, 1, 1, 2)
    assert (counts.tp, counts.fp, counts.fn, counts.tn) == (2, 1, 1, 2)


def test_counts_of_a_large_picture_do_not_wrap() -> None:
    everything = np.ones((4096, 4096), np.bool_)
    assert count(everything, everything) == (4096 * 4096, 0, 0, 0)
    assert paper(rows_of([count(everything, everything)] * 300))["all"]["f1"] == 1.0


@pytest.mark.parametrize(
    ("row", "iou", "f1", "recall", "precision"),
    [
        (NOTHING, 1, 1, 1, 1),
        (FALSE_ALARM, 0, 0, 1, 0),
        (MISSED, 0, 0, 0, 1),
        (PERFECT, 1, 1, 1, 1),
        (HALF, 20 / 45, 40 / 65, 20 / 40, 20 / 25),
    ],
)
def test_the_papers_corner_cases(
    row: tuple[int, int, int, int], iou: float, f1: float, recall: float, precision: float
) -> None:
    scores = image_scores(rows(row))
    assert {name: values[0] for name, values in scores.items()} == pytest.approx(
        {"iou": iou, "f1": f1, "recall": recall, "precision": precision}
    )
    assert tuple(scores) == METRICS


def test_the_papers_tables_are_means_of_images_not_of_pixels() -> None:
    table = paper(rows(PERFECT, MISSED))
    assert table["polyp"] == pytest.approx({"iou": 0.5, "f1": 0.5, "recall": 0.5, "precision": 1})
    assert micro(rows(PERFECT, MISSED))["iou"] == pytest.approx(30 / 70)


def test_background_is_the_complement() -> None:
    prediction, truth = masks(1)
    polyp = rows_of([count(p, t) for p, t in zip(prediction, truth, strict=True)])
    background = rows_of([count(~p, ~t) for p, t in zip(prediction, truth, strict=True)])
    assert np.array_equal(of_background(polyp), background)
    assert paper(polyp)["background"] == paper(background)["polyp"]


def test_all_classes_pool_both_channels_so_three_scores_are_accuracy() -> None:
    table = paper(rows(HALF))["all"]
    assert table["recall"] == table["precision"] == table["f1"] == pytest.approx(75 / 100)
    assert table["iou"] == pytest.approx(75 / 125)
    assert of_all_classes(rows(HALF)).tolist() == [[75, 25, 25, 75]]


def test_agrees_with_smp_imagewise_and_dataset_wide() -> None:
    torch = pytest.importorskip("torch")
    from segmentation_models_pytorch import metrics as smp

    prediction, truth = masks(2, 20)
    own = rows_of([count(p, t) for p, t in zip(prediction, truth, strict=True)])
    classes = torch.from_numpy(np.stack([~prediction, prediction], 1).astype(np.int64))
    target = torch.from_numpy(np.stack([~truth, truth], 1).astype(np.int64))
    stats = smp.get_stats(classes, target, mode="multilabel")
    functions = {
        "iou": smp.iou_score,
        "f1": smp.f1_score,
        "recall": smp.recall,
        "precision": smp.precision,
    }
    for channels, table in (
        (slice(0, 1), paper(own)["background"]),
        (slice(1, 2), paper(own)["polyp"]),
        (slice(0, 2), paper(own)["all"]),
    ):
        part = [stat[:, channels] for stat in stats]
        for name, function in functions.items():
            theirs = function(*part, reduction="micro-imagewise", zero_division=1.0)
            assert table[name] == pytest.approx(float(theirs), abs=1e-6)  # float32 on their side
    for name, function in functions.items():
        theirs = function(*[stat[:, 1:] for stat in stats], reduction="micro", zero_division=1.0)
        assert micro(own)[name] == pytest.approx(float(theirs), abs=1e-6)


@pytest.mark.parametrize(
    ("row", "f1", "f2", "ppv", "recall"),
    [
        (NOTHING, 1, 1, 1, 1),
        (FALSE_ALARM, 0, 0, 0, 1),
        (MISSED, 0, 0, 1, 0),
        (PERFECT, 1, 1, 1, 1),
        (HALF, 40 / 65, 5 * 0.8 * 0.5 / (4 * 0.8 + 0.5), 0.8, 0.5),
    ],
)
def test_the_challenges_corner_cases(
    row: tuple[int, int, int, int], f1: float, f2: float, ppv: float, recall: float
) -> None:
    scores = {name: values[0] for name, values in challenge_scores(rows(row)).items()}
    assert scores == pytest.approx(
        {"f1": f1, "f2": f2, "ppv": ppv, "recall": recall, "score": (f1 + f2 + ppv + recall) / 4},
        abs=1e-12,
    )


def test_the_challenges_score_is_the_mean_of_four_means_with_both_deviations() -> None:
    table = challenge(rows(PERFECT, FALSE_ALARM))
    assert table["score"] == pytest.approx((0.5 + 0.5 + 0.5 + 1.0) / 4)
    assert table["score_sd"] == pytest.approx((1 - 0.25) / 2)
    assert table["metrics_sd"] == pytest.approx((0.5 + 0.5 + 0.5 + 0) / 4)


def test_positives_only_leaves_frames_without_polyp_out() -> None:
    assert positives_only(rows(HALF, NOTHING, FALSE_ALARM)) == paper(rows(HALF))["polyp"]
    assert positives_only(rows(NOTHING))["iou"] is None


def test_frames_are_judged_as_a_whole() -> None:
    wrong_place = (0, 7, 5, 88)
    judged = frame_level(rows(PERFECT, MISSED, wrong_place, HALF, NOTHING, FALSE_ALARM, NOTHING))
    assert judged == pytest.approx(
        {
            "sensitivity": 3 / 4,
            "hit_rate": 2 / 4,
            "specificity": 2 / 3,
            "false_positive_area": 0.1 / 3,
            "positives": 4,
            "negatives": 3,
        }
    )


def test_what_cannot_be_judged_is_none_and_never_nan() -> None:
    judged = frame_level(rows(PERFECT))
    assert judged["specificity"] is None
    assert judged["false_positive_area"] is None
    empty = rows()
    for table in (paper(empty)["polyp"], challenge(empty), micro(empty), positives_only(empty)):
        assert set(table.values()) == {None}
