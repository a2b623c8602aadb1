"""How sure a mean is, and whether one model's is better."""

import numpy as np
import pytest

from train.errors import TrainingError
from train.intervals import Clusters, choose_clusters, compare, mean_interval


def by_image(number: int) -> Clusters:
    return choose_clusters(["a"] * number, [""] * number, "image")


def test_the_interval_of_independent_images_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(3).normal(0.7, 0.2, 1000)
    interval = mean_interval(values, by_image(1000), seed=1)
    assert interval is not None
    half = 1.96 * values.std() / np.sqrt(1000)
    # 2,000 draws place the 2.5th percentile within about 4 % of the half width
    assert interval == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(3).random(50)
    assert mean_interval(values, by_image(50), seed=4) == mean_interval(
        values, by_image(50), seed=4
    )
    assert mean_interval(values, by_image(50), seed=4) != mean_interval(
        values, by_image(50), seed=5
    )


def test_frames_of_one_recording_count_as_one() -> None:
    generator = np.random.default_rng(0)
    per_recording = generator.random(12)
    values = np.repeat(per_recording, 100)
    clusters = choose_clusters(["a"] * 1200, [f"seq{n // 100}" for n in range(1200)])
    assert clusters.by == "sequence"
    assert clusters.count == 12
    assert mean_interval(values, clusters, seed=2) == pytest.approx(
        mean_interval(per_recording, by_image(12), seed=2)
    )


def test_clusters_of_unequal_size_weigh_as_many_as_they_are() -> None:
    values = np.array([0.0] * 9 + [1.0])
    clusters = choose_clusters(["big"] * 9 + ["small"], [""] * 10, "centre")
    interval = mean_interval(values, clusters, seed=0)
    assert interval == (0.0, 1.0)  # drawing one centre twice gives all or nothing


def test_clusters_are_chosen_by_what_is_known() -> None:
    assert choose_clusters(["a", "b"], ["", "s1"]).by == "sequence"
    assert choose_clusters(list("abcde"), [""] * 5).by == "centre"
    assert choose_clusters(list("abcd"), [""] * 4).by == "image"
    mixed = choose_clusters(["a", "a", "a", "b"], ["", "", "s", "s"])
    assert mixed.count == 4  # two images of no known recording, and two recordings called s


def test_one_cluster_has_no_interval() -> None:
    one = choose_clusters(["a"] * 9, [""] * 9, "centre")
    assert mean_interval(np.ones(9), one) is None
    assert compare(np.ones(9), np.zeros(9), one) is None
    assert mean_interval(np.zeros(0), by_image(0)) is None


def test_a_better_model_is_told_from_an_equal_one() -> None:
    generator = np.random.default_rng(8)
    hard = generator.random(300)
    noise = generator.normal(0, 0.05, 300)
    better = compare(hard + 0.02 + noise, hard, by_image(300), seed=1)
    assert better is not None
    assert better.low > 0
    assert better.p < 0.001
    assert better.mean == pytest.approx(0.02 + noise.mean())
    equal = compare(hard + noise - noise.mean(), hard, by_image(300), seed=1)
    assert equal is not None
    assert equal.low < 0 < equal.high
    assert equal.p > 0.5


def test_a_model_equals_itself() -> None:
    scores = np.random.default_rng(8).random(30)
    same = compare(scores, scores, by_image(30))
    assert same is not None
    assert (same.mean, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_scores_of_other_images_cannot_be_paired() -> None:
    with pytest.raises(TrainingError, match="one manifest"):
        compare(np.ones(3), np.ones(4), by_image(3))
