"""What one pass over a manifest found: a row an image, and everything derived from the rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.intervals import Clusters, choose_clusters, mean_interval
from train.metrics import (
    Counts,
    Rows,
    Values,
    challenge,
    challenge_scores,
    frame_level,
    has_polyp,
    image_scores,
    micro,
    of_all_classes,
    of_background,
    paper,
    positives_only,
    rows_of,
)

SIZES = (("small", 0.0, 0.05), ("medium", 0.05, 0.12), ("large", 0.12, 1.01))
"""Share of the picture that the polyp covers, from and below.

A third of the polyps of PolypGen C1–C5 and Kvasir-SEG taken together covers less than 0.044, a
third more than 0.126.
"""


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One image's row.

    Attributes:
        image: the picture's file.
        sha256: of that file.
        centre: its hospital or data set.
        sequence: its recording; empty where it is not known.
        split: its split.
        height: rows of the picture.
        width: columns of the picture.
        grid: counts at 256x256, the paper's size.
        native: counts at the picture's own size, the challenge's.
        hd95: distance of the outlines in the picture's pixels; None where a mask is empty.
    """

    image: Path
    sha256: str
    centre: str
    sequence: str
    split: str
    height: int
    width: int
    grid: Counts
    native: Counts
    hd95: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All rows of a pass.

    Attributes:
        name: of the model.
        images: in the manifest's order.
        reliability: (bins, 3) float64: pixels at 256x256 whose probability fell into each of as
            many equal bins of [0, 1], the sum of their probabilities, and how many are polyp.
        conditions: what the numbers were made under, plain values.
        cost: of a frame, as `train.costing` gives it; empty where it was not measured.
    """

    name: str
    images: tuple[ImageResult, ...]
    reliability: NDArray[np.float64]
    conditions: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)

    @property
    def grid_rows(self) -> Rows:
        """Counts at 256x256."""
        return rows_of([image.grid for image in self.images])

    @property
    def native_rows(self) -> Rows:
        """Counts at the pictures' own size."""
        return rows_of([image.native for image in self.images])

    @property
    def polyp_share(self) -> Values:
        """Share of each picture that its polyps cover, in [0, 1]."""
        rows = self.native_rows
        return np.asarray((rows[:, 0] + rows[:, 2]) / np.maximum(rows.sum(axis=1), 1))

    def clusters(self, by: str | None = None) -> Clusters:
        """Say which images are drawn together; see `choose_clusters`."""
        return choose_clusters(
            [image.centre for image in self.images], [image.sequence for image in self.images], by
        )

    def only(self, wanted: Iterable[bool]) -> "Evaluation":
        """Keep some of the images; what is known of all pixels alone is left out."""
        kept = tuple(image for image, keep in zip(self.images, wanted, strict=True) if keep)
        return replace(self, images=kept, reliability=self.reliability[:0])

    def summary(self, *, cluster_by: str | None = None, seed: int = 0) -> dict[str, Any]:
        """Derive every convention, with 95 % intervals, by centre and by size of polyp.

        Args:
            cluster_by: `sequence`, `centre` or `image`; None lets what is known decide.
            seed: of the bootstrap.

        Returns:
            Plain values, None where there is nothing to judge.
        """
        clusters = self.clusters(cluster_by)
        # A centre is one cluster: within it images are drawn, where no recording is known.
        within = "sequence" if clusters.by == "sequence" else "image"

        def interval(values: Values) -> list[float] | None:
            ends = mean_interval(values, clusters, seed=seed)
            return None if ends is None else list(ends)

        share = self.polyp_share
        return {
            "name": self.name,
            "images": len(self.images),
            "conditions": self.conditions,
            "cost": self.cost,
            **self._tables(),
            "intervals": {
                "clustered_by": clusters.by,
                "clusters": clusters.count,
                **_intervals(self.grid_rows, self.native_rows, interval),
            },
            "by_centre": {
                centre: self.only(image.centre == centre for image in self.images)._brief(
                    within, seed
                )
                for centre in sorted({image.centre for image in self.images})
            },
            "by_size": {
                name: self.only((share > 0) & (share >= low) & (share < high))._brief(within, seed)
                for name, low, high in SIZES
            },
            "reliability": {
                "calibration_error": calibration_error(self.reliability),
                "bins": self.reliability.tolist(),
            },
        }

    def _tables(self) -> dict[str, Any]:
        diagonals = [
            (image.hd95, image.hd95 / np.hypot(image.height, image.width))
            for image in self.images
            if image.hd95 is not None
        ]
        pixels, shares = np.array(diagonals, np.float64).reshape(-1, 2).T
        return {
            "paper": paper(self.grid_rows),
            "challenge": challenge(self.native_rows),
            "micro": micro(self.grid_rows),
            "positives_only": positives_only(self.grid_rows),
            "frames": frame_level(self.native_rows),
            "hd95": {
                "pixels": float(pixels.mean()) if pixels.size else None,
                "share_of_diagonal": float(shares.mean()) if shares.size else None,
                "measured": len(pixels),
            },
        }

    def _brief(self, cluster_by: str, seed: int) -> dict[str, Any]:
        rows = self.grid_rows
        ends = mean_interval(image_scores(rows)["f1"], self.clusters(cluster_by), seed=seed)
        return {
            "images": len(self.images),
            "positives": int(has_polyp(rows).sum()),
            "polyp": paper(rows)["polyp"],
            "f1_interval": None if ends is None else list(ends),
        }


def calibration_error(reliability: NDArray[np.float64]) -> float | None:
    """Average the gap of probability and truth over bins, weighed by pixels (the ECE)."""
    pixels, probability, polyp = reliability.T
    total = pixels.sum()
    return float(np.abs(probability - polyp).sum() / total) if total else None


def _intervals(
    grid: Rows, native: Rows, interval: Callable[[Values], list[float] | None]
) -> dict[str, Any]:
    classes = {"all": of_all_classes(grid), "polyp": grid, "background": of_background(grid)}
    return {
        "paper": {
            name: {metric: interval(values) for metric, values in image_scores(rows).items()}
            for name, rows in classes.items()
        },
        "challenge": {"score": interval(challenge_scores(native)["score"])},
    }
