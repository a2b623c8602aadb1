"""How members' maps are best made one: fitted on held-out pictures, scored fold by fold."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nets.bundle import read_bundle, set_fusion
from nets.fusion import LEARNED, STEEPNESS, Shares
from nets.fusion_file import FusionHeader, save_fusion
from nets.grid import Fusion, Kind
from train.errors import TrainingError
from train.evaluation import Evaluation, ImageResult
from train.loss import binary_cross_entropy
from train.member_maps import MemberMaps
from train.metrics import image_scores
from train.pictures import read_mask
from train.scoring import BINS, score_image

KINDS: tuple[Kind, ...] = get_args(Kind)
"""The simplest first."""

STEPS, BATCH = 300, 8
PEAK_RATE = {"weighted": 0.05, "stacked": 0.05, "cnn": 0.01}
ENTROPY = 0.5
"""Weight of the cross-entropy beside Dice, as recipe `modern` has it."""

SEEDING = Lock()
"""First weights are drawn from PyTorch's one generator, by one fit at a time."""

BLOCKS = 5
"""Folds of pictures that follow each other, where nothing tells them apart."""


@dataclass(frozen=True, slots=True)
class Folds:
    """Which pictures are held out together.

    Attributes:
        by: `centre`, `sequence` or `block`.
        numbers: (N,) each picture's fold, from 0 without gaps.
    """

    by: str
    numbers: NDArray[np.int64]


class _Weighted(nn.Module):
    """Shares that learn: they stay positive and add up to 1.

    What it is judged by is where its map passes one half, and so that is what it gives, softly:
    by the map itself, the surest member would seem the best.
    """

    def __init__(self, members: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(members))

    def forward(self, maps: Tensor) -> Tensor:
        mean = (maps * self.scores.softmax(0).view(1, -1, 1, 1)).sum(1)
        return torch.sigmoid(STEEPNESS * (mean - 0.5))


def choose_folds(found: MemberMaps) -> Folds:
    """Hold out whole centres; whole recordings where there is one centre; else blocks of pictures.

    Raises:
        TrainingError: there is one picture alone.
    """
    if len(found.samples) < 2:
        raise TrainingError("a fusion needs pictures to be fitted on, and others to be judged by")
    centres = [sample.centre for sample in found.samples]
    sequences = [sample.sequence for sample in found.samples]
    for by, names in (("centre", centres), ("sequence", sequences)):
        order = {name: number for number, name in enumerate(dict.fromkeys(names))}
        if len(order) > 1:
            return Folds(by, np.array([order[name] for name in names], np.int64))
    count = len(found.samples)
    return Folds("block", np.arange(count) * min(BLOCKS, count) // count)


def fit_fusion(
    kind: Kind,
    found: MemberMaps,
    wanted: NDArray[np.bool_],
    *,
    seed: int = 0,
    device: str = "cpu",
    steps: int = STEPS,
) -> nn.Module:
    """Fit one kind of fusion.

    What is minimised is what is scored: one minus the mean of the images' Dice, a little of
    cross-entropy beside it.

    Args:
        kind: which.
        found: maps and truths.
        wanted: (N,) bool, the pictures to learn from.
        seed: of weights and order.
        device: to fit on.
        steps: of the optimiser.

    Returns:
        A module as those of `nets.fusion`, on the CPU; of `mean` and `weighted`, a `Shares`.
    """
    (only,) = fit_each(kind, found, [wanted], seed=seed, device=device, steps=steps)
    return only


def fit_each(
    kind: Kind,
    found: MemberMaps,
    several: Sequence[NDArray[np.bool_]],
    *,
    seed: int = 0,
    device: str = "cpu",
    steps: int = STEPS,
) -> Iterator[nn.Module]:
    """Fit one kind of fusion several times: on a CPU side by side, each on one core.

    A fit is many small steps: cores that share one wait for each other longer than they compute.
    And sums of one core are the same each time.

    Args:
        kind: which.
        found: maps and truths.
        several: for each fit, (N,) bool: the pictures to learn from.
        seed: of weights and order.
        device: to fit on.
        steps: of each.

    Yields:
        What `fit_fusion` gives, in order.
    """
    at_once = len(several) if device == "cpu" else 1
    with _one_thread(), ThreadPoolExecutor(min(at_once, os.cpu_count() or 1)) as pool:
        yield from pool.map(lambda wanted: _fit(kind, found, wanted, seed, device, steps), several)


def judge(
    kind: Kind,
    found: MemberMaps,
    folds: Folds,
    *,
    extent: str,
    threshold: float,
    conditions: dict[str, Any] | None = None,
    seed: int = 0,
    device: str = "cpu",
    steps: int = STEPS,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score one kind of fusion: each fold by what was fitted on the others.

    Args:
        kind: which.
        found: maps and truths.
        folds: which pictures are held out together.
        extent: of the bundle's grid.
        threshold: above it a pixel is polyp.
        conditions: what the numbers are made under, to be kept with them.
        seed: of the fits.
        device: to fit on.
        steps: of each fit.
        progress: told how many pictures are scored.

    Returns:
        A row an image, in order, named after the kind.
    """
    images: dict[int, ImageResult] = {}
    reliability = np.zeros((BINS, 3))
    learned_from = [folds.numbers != fold for fold in range(int(folds.numbers.max()) + 1)]
    modules = fit_each(kind, found, learned_from, seed=seed, device=device, steps=steps)
    for wanted, module in zip(learned_from, modules, strict=True):
        for place in np.flatnonzero(~wanted):
            sample, prepared = found.samples[place], found.places[place]
            with torch.inference_mode():
                fused = module(torch.from_numpy(found.maps[place : place + 1]).float())[0].numpy()
            truth = read_mask(sample.mask, (prepared.frame.height, prepared.frame.width))
            images[int(place)] = score_image(
                sample, truth, prepared, fused, extent, threshold, reliability
            )
            if progress is not None:
                progress(len(images), len(found.samples))
    rows = tuple(images[place] for place in range(len(found.samples)))
    return Evaluation(kind, rows, reliability, dict(conditions or {}))


def polyp_f1(evaluation: Evaluation) -> float:
    """Mean of the images' polyp F1 at 256x256, by which the best is chosen."""
    return float(image_scores(evaluation.grid_rows)["f1"].mean())


def best_of(scored: Mapping[Kind, Evaluation]) -> Kind:
    """The best kind; of equals the first."""
    return max(scored, key=lambda kind: polyp_f1(scored[kind]))


def put_into(
    folder: Path, kind: Kind, module: nn.Module, fitted_on: dict[str, Any]
) -> tuple[float, ...]:
    """Have a bundle fuse its members by what was fitted.

    Args:
        folder: the bundle's.
        kind: of the fusion.
        module: what `fit_fusion` gave.
        fitted_on: data and scores, to be kept with a learned one.

    Returns:
        The members' shares, where the kind has such.

    Raises:
        DivergentError: as `nets.bundle.set_fusion`.
    """
    if isinstance(module, Shares):
        shares = tuple(round(float(share), 4) for share in module.shares)
        set_fusion(folder, Fusion() if kind == "mean" else Fusion(kind, shares))
        return shares
    names = tuple(member.name for member in read_bundle(folder).members)
    with TemporaryDirectory() as aside:
        file = Path(aside) / "fusion.safetensors"
        save_fusion(file, module, FusionHeader(kind, names, fitted_on))
        set_fusion(folder, Fusion(kind, file=file))
    return ()


def _fit(
    kind: Kind,
    found: MemberMaps,
    wanted: NDArray[np.bool_],
    seed: int,
    device: str,
    steps: int,
) -> nn.Module:
    members = found.maps.shape[1]
    if kind == "mean":
        return Shares((1.0 / members,) * members)
    with SEEDING:
        torch.manual_seed(seed)
        module = _Weighted(members) if kind == "weighted" else LEARNED[kind](members)
    layout = torch.channels_last  # on a CPU several times faster
    module = module.to(device, memory_format=layout)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(module.parameters(), PEAK_RATE[kind])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    rng, places = np.random.default_rng(seed), np.flatnonzero(wanted)
    for _ in range(steps):
        drawn = np.sort(rng.choice(places, min(BATCH, places.size), replace=False))
        maps = torch.from_numpy(found.maps[drawn]).to(device)
        truth = torch.from_numpy(found.truths[drawn]).to(device).float()
        fused = module(maps.to(torch.float32, memory_format=layout))
        loss = _distance(fused, truth) + ENTROPY * binary_cross_entropy(fused, truth)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    if isinstance(module, _Weighted):
        return Shares(module.scores.detach().softmax(0).cpu().tolist())
    fitted: nn.Module = module.cpu().eval()
    return fitted


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let PyTorch compute each operation on one core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _distance(fused: Tensor, truth: Tensor) -> Tensor:
    """One minus the mean of the images' soft Dice; (N, H, W) each."""
    overlap, total = (fused * truth).sum((1, 2)), (fused + truth).sum((1, 2))
    return 1.0 - ((2 * overlap + 1) / (total + 1)).mean()
