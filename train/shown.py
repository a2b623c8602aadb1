"""What figures show of a sample: its picture, its mask, and the maps that networks made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nets.engine.protocol import Engine
from nets.preprocessing import Rgb, prepare_rgb
from train.errors import TrainingError
from train.evaluate import FindView, load_prepared
from train.evaluation import Evaluation
from train.manifest import Sample
from train.metrics import has_polyp, image_scores
from train.pictures import read_mask, read_rgb
from train.scoring import Probability, on_frame

PERCENTILES = (5, 25, 50, 75, 95)
"""Rows of Figure 4: from hard to easy, by the ensemble's F1."""

ROW_RULE = (
    "Rows: the images with a polyp at the 5th, 25th, 50th, 75th and 95th percentile of the "
    "ensemble's F1, given at the left."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One sample with everything the members of an ensemble made of it.

    Attributes:
        rgb: (H, W, 3) uint8.
        truth: (H, W) bool.
        members: (H, W) polyp probability on the frame, by member.
        ensemble: (H, W) polyp probability on the frame.
        threshold: above it a pixel is polyp.
    """

    rgb: Rgb
    truth: NDArray[np.bool_]
    members: Mapping[str, Probability]
    ensemble: Probability
    threshold: float


@dataclass(frozen=True, slots=True)
class TriNetMaps:
    """One sample with the maps inside a triangle of networks (paper, Figure 2).

    Attributes:
        rgb: (H, W, 3) uint8.
        truth: (H, W) bool.
        maps: (h, w) polyp probability of the first, the second and the third network.
    """

    rgb: Rgb
    truth: NDArray[np.bool_]
    maps: tuple[Probability, Probability, Probability]


def choose_rows(evaluation: Evaluation, percentiles: Sequence[int] = PERCENTILES) -> list[int]:
    """Choose a figure's rows by a rule, so that nobody picks what looks good.

    Args:
        evaluation: of the ensemble.
        percentiles: of its F1 among the images with a polyp; of equals, the first is the harder.

    Returns:
        Indices into `evaluation.images`, hard first, none twice.

    Raises:
        TrainingError: no image shows a polyp.
    """
    rows = evaluation.grid_rows
    positive = np.flatnonzero(has_polyp(rows))
    if not positive.size:
        raise TrainingError(f"{evaluation.name}: no image shows a polyp, so there is none to draw")
    order = positive[np.argsort(image_scores(rows)["f1"][positive], kind="stable")]
    places = [round(percentile / 100 * (order.size - 1)) for percentile in percentiles]
    return list(dict.fromkeys(int(order[place]) for place in places))


def show_sample(sample: Sample, engine: Engine, find_view: FindView | None = None) -> Shown:
    """Run an ensemble and each of its members on one sample.

    Args:
        sample: picture and mask.
        engine: the ensemble.
        find_view: finds the endoscope's picture; None takes the whole frame.

    Raises:
        ManifestError: the sample cannot be read.
        EngineError: the engine cannot run.
    """
    rgb, truth, prepared = load_prepared(sample, engine, find_view)
    extent = engine.grid.extent
    members = engine.predict_members([prepared])[0]
    return Shown(
        rgb,
        truth,
        {
            name: on_frame(probability, extent, prepared)
            for name, probability in zip(engine.members, members, strict=True)
        },
        on_frame(engine.predict([prepared])[0], extent, prepared),
        engine.threshold,
    )


def show_trinet(sample: Sample, checkpoint: Path, find_view: FindView | None = None) -> TriNetMaps:
    """Run a triangle of networks on one sample and keep what it hands on inside.

    Args:
        sample: picture and mask.
        checkpoint: of the triangle.
        find_view: finds the endoscope's picture, if that is what the network is to be shown.

    Returns:
        The maps, with so much of picture and mask as the network saw.

    Raises:
        ManifestError: the sample cannot be read.
        CheckpointError: the checkpoint cannot be read.
        TrainingError: the checkpoint holds no triangle.
    """
    import torch

    from nets.checkpoint import load_checkpoint
    from nets.spec import POLYP
    from nets.trinet import TriNet

    module, header = load_checkpoint(checkpoint)
    if not isinstance(module, TriNet):
        raise TrainingError(f"{checkpoint}: holds no triangle of networks, so nothing lies inside")
    rgb = read_rgb(sample.image)
    truth = read_mask(sample.mask, rgb.shape[:2])
    contract = header.spec.preprocessing
    if find_view is not None and contract.extent == "view":
        seen = find_view(rgb).slices()
        rgb, truth = np.ascontiguousarray(rgb[seen]), truth[seen]
    scale, offset = contract.affine()
    shown = prepare_rgb(rgb, contract) * scale + offset
    with torch.inference_mode():
        image = torch.from_numpy(shown).permute(2, 0, 1).unsqueeze(0)
        maps = (*module.eval().intermediate(image), module(image))
    first, second, third = (map_[0, POLYP].numpy() for map_ in maps)
    return TriNetMaps(rgb, truth, (first, second, third))
