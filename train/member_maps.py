"""What an ensemble's members make of pictures that none of them was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.bundle import Bundle
from nets.engine.protocol import Engine
from nets.grid import Grid
from nets.preprocessing import Prepared
from train.errors import TrainingError
from train.evaluate import BATCH, FindView, Loaded, OnProgress, read_loaded
from train.manifest import Sample
from train.provenance import centres_seen


@dataclass(frozen=True, slots=True)
class MemberMaps:
    """Members' maps of some samples, and the truth on the same grid.

    Attributes:
        samples: in order.
        maps: (N, M, h, w) float16 polyp probability on the bundle's grid.
        truths: (N, h, w) uint8, 1 on polyp.
        places: where view and frame of each are; nothing of the pictures.
    """

    samples: tuple[Sample, ...]
    maps: NDArray[np.float16]
    truths: NDArray[np.uint8]
    places: tuple[Prepared, ...]


def share_out(samples: Sequence[Sample], bundles: Sequence[Bundle]) -> list[list[Sample]]:
    """Give every sample to the first ensemble that was not trained on its centre.

    Args:
        samples: with masks.
        bundles: of the same members, each trained without some centre.

    Returns:
        For each bundle its samples.

    Raises:
        TrainingError: a centre was trained on by all of them, or their members differ.
    """
    names = [member.name for member in bundles[0].members]
    for other in bundles[1:]:
        if [member.name for member in other.members] != names or other.grid != bundles[0].grid:
            raise TrainingError(
                f"{other.name}: has other members or another grid than {bundles[0].name}"
            )
    seen = [
        set().union(*(centres_seen(member.header.trained_on) for member in bundle.members))
        for bundle in bundles
    ]
    shares: list[list[Sample]] = [[] for _ in bundles]
    for sample in samples:
        place = next((n for n, centres in enumerate(seen) if sample.centre not in centres), None)
        if place is None:
            told = ", ".join(bundle.name for bundle in bundles)
            raise TrainingError(
                f"{told}: trained on {sample.centre}, so what is learned of its pictures holds for "
                "them alone: name pictures that no member has seen"
            )
        shares[place].append(sample)
    return shares


def collect(
    engine: Engine,
    samples: Sequence[Sample],
    find_view: FindView | None = None,
    progress: OnProgress | None = None,
) -> MemberMaps:
    """Run an ensemble's members over samples.

    Raises:
        ManifestError: a sample cannot be read.
        EngineError: the engine cannot run.
    """
    grid, count = engine.grid, len(samples)
    maps = np.empty((count, len(engine.members), grid.height, grid.width), np.float16)
    truths = np.empty((count, grid.height, grid.width), np.uint8)
    places: list[Prepared] = []
    for batch in read_loaded(engine, samples, find_view, max(BATCH, engine.batch)):
        here = slice(len(places), len(places) + len(batch))
        maps[here] = engine.predict_members([loaded.prepared for loaded in batch])
        truths[here] = [_on_grid(loaded, grid) for loaded in batch]
        places += [Prepared((), loaded.prepared.view, loaded.prepared.frame) for loaded in batch]
        if progress is not None:
            progress(len(places), count)
    return MemberMaps(tuple(samples), maps, truths, tuple(places))


def joined(parts: Sequence[MemberMaps]) -> MemberMaps:
    """Several ensembles' maps as one, in order."""
    if len(parts) == 1:
        return parts[0]
    return MemberMaps(
        tuple(sample for part in parts for sample in part.samples),
        np.concatenate([part.maps for part in parts]),
        np.concatenate([part.truths for part in parts]),
        tuple(place for part in parts for place in part.places),
    )


def _on_grid(loaded: Loaded, grid: Grid) -> NDArray[np.uint8]:
    truth = loaded.truth.view(np.uint8)
    if grid.extent == "view":
        truth = np.ascontiguousarray(truth[loaded.prepared.view.slices()])
    size = (grid.width, grid.height)
    return np.asarray(cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST), np.uint8)
