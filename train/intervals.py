"""How sure a mean is, and whether one model's is better: bootstrap over clusters of images.

Frames of one recording, and pictures of one hospital, resemble each other. Whole clusters are
drawn, so that a thousand frames of ten recordings count as ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.errors import TrainingError
from train.metrics import Values

RESAMPLES = 2000
TAILS = (2.5, 97.5)
"""Percentiles of a 95 % interval."""

FEWEST_CENTRES = 5
"""Fewer clusters than this say nothing about their spread; images are drawn instead."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """What is drawn as a whole.

    Attributes:
        by: `sequence`, `centre` or `image`.
        numbers: (N,) cluster of each image, from 0 without gaps.
    """

    by: str
    numbers: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many clusters there are."""
        return int(self.numbers.max()) + 1 if self.numbers.size else 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One model against another on the same images.

    Attributes:
        mean: of first minus second.
        low: lower end of its 95 % interval.
        high: upper end.
        p: two-sided bootstrap p-value of no difference, at least 1 / (resamples + 1).
    """

    mean: float
    low: float
    high: float
    p: float


def choose_clusters(
    centres: Sequence[str], sequences: Sequence[str], by: str | None = None
) -> Clusters:
    """Decide what to draw as a whole.

    Args:
        centres: each image's centre.
        sequences: each image's recording; empty where it is not known.
        by: `sequence`, `centre` or `image`; None takes the sequences where any is known, else the
            centres where there are at least `FEWEST_CENTRES`, else the images.

    Returns:
        The clusters; an image of no known sequence is a cluster of its own when sequences are.
    """
    if by is None:
        many = len(set(centres)) >= FEWEST_CENTRES
        by = "sequence" if any(sequences) else "centre" if many else "image"
    names: list[tuple[str, str | int]]
    if by == "sequence":
        pairs = enumerate(zip(centres, sequences, strict=True))
        names = [(centre, sequence or index) for index, (centre, sequence) in pairs]
    elif by == "centre":
        names = [(centre, "") for centre in centres]
    else:
        names = [("", index) for index in range(len(centres))]
    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return Clusters(by, np.array([order[name] for name in names], np.int64))


def mean_interval(
    values: Values, clusters: Clusters, *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """Bound the mean of some images' scores.

    Args:
        values: (N,) one score an image.
        clusters: of the same images.
        seed: of the drawing.
        resamples: how often to draw.

    Returns:
        Ends of the 95 % percentile interval; None where there are fewer than two clusters.
    """
    if clusters.count < 2:
        return None
    low, high = np.percentile(_resampled_means(values, clusters, seed, resamples), TAILS)
    return float(low), float(high)


def compare(
    first: Values,
    second: Values,
    clusters: Clusters,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference | None:
    """Compare two models' scores of the same images, image by image.

    Args:
        first: (N,) one model's scores.
        second: (N,) the other's, in the same order.
        clusters: of the same images.
        seed: of the drawing.
        resamples: how often to draw.

    Returns:
        The mean difference with its interval and p-value; None with fewer than two clusters.

    Raises:
        TrainingError: the two are not of the same images.
    """
    if first.shape != second.shape or first.shape != clusters.numbers.shape:
        raise TrainingError(
            f"{first.size} and {second.size} images cannot be paired: "
            "evaluate both models on one manifest"
        )
    if clusters.count < 2:
        return None
    differences = first - second
    means = _resampled_means(differences, clusters, seed, resamples)
    low, high = np.percentile(means, TAILS)
    # Davison and Hinkley (1997), section 4.4: the observed sample counts as one resample.
    tail = min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    p = min(1.0, 2 * (tail + 1) / (resamples + 1))
    return Difference(float(differences.mean()), float(low), float(high), p)


def _resampled_means(values: Values, clusters: Clusters, seed: int, resamples: int) -> Values:
    """Draw clusters with replacement, as many as there are; mean of all their images each time."""
    count = clusters.count
    sums = np.bincount(clusters.numbers, values, count)
    sizes = np.bincount(clusters.numbers, minlength=count).astype(np.float64)
    generator = np.random.default_rng(seed)
    means = np.empty(resamples)
    for start in range(0, resamples, 100):  # bounds memory: 100 draws of a thousand clusters
        stop = min(start + 100, resamples)
        drawn = generator.integers(0, count, (stop - start, count))
        means[start:stop] = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return means
