"""A sample's journey through a training: dataset, member, loss, checkpoint.

Every epoch ends with two files in the run's folder: `last.pt`, all that is needed to go on as
if nothing had happened, and, when validation IoU was the best so far, `best.safetensors`, a
checkpoint that every command accepts.
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from pydantic import TypeAdapter
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Sampler

from nets.architectures import adopt_encoder, build
from nets.checkpoint import Header, load_checkpoint, save_checkpoint
from nets.spec import POLYP, MemberSpec
from nets.trinet import TriNet
from train.dataset import Samples, normalise
from train.errors import TrainingError
from train.loss import cross_entropy, single_channel_dice
from train.manifest import Sample
from train.settings import Recipe

VALIDATION_BATCH = 16


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What one epoch came to.

    Attributes:
        epoch: from 1.
        loss: mean over the training steps.
        iou: mean of per-image IoU of the polyp class on validation, at the network's size.
        dice: the same for Dice.
        images_per_s: trained, validation aside.
        waited: share of the training time spent waiting for samples, in [0, 1].
        best: whether this is the best epoch so far.
    """

    epoch: int
    loss: float
    iou: float
    dice: float
    images_per_s: float
    waited: float
    best: bool


@dataclass(frozen=True, slots=True)
class StepReport:
    """Where an epoch stands."""

    epoch: int
    step: int
    steps: int
    loss: float


@dataclass
class Progress:
    """Whom to tell; both are called on the main thread."""

    step: Callable[[StepReport], None] = lambda report: None
    epoch: Callable[[EpochReport], None] = lambda report: None


@dataclass
class _State:
    """All that a run needs to go on."""

    epoch: int = 0
    best_iou: float = -1.0
    history: list[dict[str, Any]] = field(default_factory=list)


class _Shuffled(Sampler[int]):
    """An order of the samples that is a function of (seed, epoch) alone."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed
        self.epoch = 0

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        yield from torch.randperm(self.count, generator=generator).tolist()

    def __len__(self) -> int:
        return self.count


def fit(
    spec: MemberSpec,
    recipe: Recipe,
    training: Sequence[Sample],
    validation: Sequence[Sample],
    folder: Path,
    *,
    init: Path | None = None,
    encoders: Sequence[Path] = (),
    device: str = "auto",
    progress: Progress | None = None,
) -> Path:
    """Train one member, or go on where a run in the same folder stopped.

    Args:
        spec: the member.
        recipe: how to train it.
        training: samples to learn from.
        validation: samples to choose the best epoch by.
        folder: of the run; made if missing.
        init: a checkpoint of the same network to start from instead of fresh weights.
        encoders: checkpoints whose encoders to start from: one for all nodes of a triangle, or
            one a node.
        device: `auto`, `cpu` or `cuda`.
        progress: whom to tell.

    Returns:
        The best checkpoint's path.

    Raises:
        TrainingError: no samples, another run's folder, or a loss that is not a number.
    """
    for name, samples in (("training", training), ("validation", validation)):
        if not samples:
            raise TrainingError(f"the manifest has no {name} samples: give rows that split")
    progress = progress or Progress()
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, spec, recipe)

    fabric = Fabric(accelerator=device, devices=1, precision=recipe.precision)
    torch.manual_seed(recipe.seed)
    module = _start(spec, init, encoders)
    module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = deepcopy(module).eval().requires_grad_(False) if recipe.ema_decay else None
    optimiser = _optimiser(module, recipe)
    dataset = Samples(training, spec.preprocessing, recipe.augmentation, recipe.seed)
    order = _Shuffled(len(dataset), recipe.seed)
    loader = DataLoader(
        dataset, recipe.batch_size, sampler=order, drop_last=len(dataset) > recipe.batch_size
    )
    schedule = LambdaLR(optimiser, rate(recipe, len(loader)))
    wrapped, optimiser = fabric.setup(module, optimiser)
    if average is not None:
        average = average.to(fabric.device)
    state = _resume(folder, module, average, optimiser, schedule)
    held_out = DataLoader(
        Samples(validation, spec.preprocessing, "none", recipe.seed), VALIDATION_BATCH
    )

    for epoch in range(state.epoch + 1, recipe.epochs + 1):
        order.epoch = dataset.epoch = epoch
        torch.manual_seed(recipe.seed * 100_003 + epoch)  # dropout's, so that resuming is exact
        loss, seconds, waited = _epoch(
            fabric, wrapped, average, loader, optimiser, schedule, spec, recipe, epoch, progress
        )
        iou, dice = validate(average or module, held_out, spec, fabric.device)
        best = iou > state.best_iou
        report = EpochReport(
            epoch,
            loss,
            iou,
            dice,
            len(loader) * recipe.batch_size / seconds,
            waited / seconds,
            best,
        )
        state.epoch, state.best_iou = epoch, max(iou, state.best_iou)
        state.history.append({name: getattr(report, name) for name in EpochReport.__slots__})
        if best:
            header = Header(
                spec,
                {"validation_iou": iou, "validation_dice": dice},
                {
                    "centres": sorted({sample.centre for sample in training}),
                    "samples": len(training),
                    "epoch": epoch,
                    "recipe": TypeAdapter(Recipe).dump_python(recipe, mode="json"),
                    "init": init.name if init else None,
                    "encoders": [path.parent.name for path in encoders],
                },
            )
            save_checkpoint(folder / "best.safetensors", average or module, header)
        _save(folder, state, module, average, optimiser, schedule)
        progress.epoch(report)
    return folder / "best.safetensors"


def rate(recipe: Recipe, steps: int) -> Callable[[int], float]:
    """The learning rate's factor by step, for `steps` steps an epoch."""
    if recipe.schedule == "drop":
        return lambda step: 1.0 if step < recipe.drop_epoch * steps else 0.1
    total = recipe.epochs * steps
    warm = max(1, round(recipe.warmup * total))

    def cosine(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        done = (step - warm) / max(1, total - warm)
        return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0)))

    return cosine


def validate(
    module: nn.Module, loader: DataLoader[Any], spec: MemberSpec, device: torch.device
) -> tuple[float, float]:
    """Mean of per-image IoU and Dice of the polyp class, threshold 0.5, at the network's size."""
    module.eval()
    ious: list[Tensor] = []
    dices: list[Tensor] = []
    with torch.inference_mode():
        for images, targets in loader:
            probability = module(_batch(images, spec, device))[:, POLYP]
            predicted, truth = probability > 0.5, targets.to(device) == POLYP
            overlap = (predicted & truth).sum((1, 2)).double()
            total = predicted.sum((1, 2)).double() + truth.sum((1, 2)).double()
            ious.append(torch.where(total == 0, 1.0, overlap / (total - overlap).clamp_min(1)))
            dices.append(torch.where(total == 0, 1.0, 2 * overlap / total.clamp_min(1)))
    return float(torch.cat(ious).mean()), float(torch.cat(dices).mean())


def _start(spec: MemberSpec, init: Path | None, encoders: Sequence[Path]) -> nn.Module:
    if init is None:
        module = build(spec)
        nodes = [module.left, module.right, module.top] if isinstance(module, TriNet) else [module]
        if len(encoders) not in {0, 1, len(nodes)}:
            raise TrainingError(
                f"{len(encoders)} encoders for {len(nodes)} networks: give one, or one for each"
            )
        for node, path in zip(nodes, list(encoders) * len(nodes), strict=False):
            other, _ = load_checkpoint(path)
            adopt_encoder(node, other.encoder.state_dict(), str(path))  # type: ignore[union-attr, operator]
        return module
    module, header = load_checkpoint(init)
    if (
        replace(header.spec, preprocessing=spec.preprocessing).as_dict()["network"]
        != (spec.as_dict()["network"])
    ):
        raise TrainingError(f"{init}: holds another network than the one that is to be trained")
    return module


def _optimiser(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimiser == "adam":
        return torch.optim.Adam(module.parameters(), recipe.learning_rate)
    matrices = [p for p in module.parameters() if p.ndim > 1]
    others = [p for p in module.parameters() if p.ndim <= 1]  # norms and biases do not decay
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, recipe.learning_rate)


def _batch(images: Tensor, spec: MemberSpec, device: torch.device) -> Tensor:
    prepared = normalise(images.to(device), spec.preprocessing)
    return prepared.contiguous(memory_format=torch.channels_last)


def _epoch(
    fabric: Fabric,
    module: Any,
    average: nn.Module | None,
    loader: DataLoader[Any],
    optimiser: torch.optim.Optimizer,
    schedule: LambdaLR,
    spec: MemberSpec,
    recipe: Recipe,
    epoch: int,
    progress: Progress,
) -> tuple[float, float, float]:
    """One pass: mean loss, seconds it took, seconds of them spent waiting for samples."""
    module.train()
    total, waited, started = 0.0, 0.0, time.monotonic()
    asked = started
    for step, (images, targets) in enumerate(loader, 1):
        waited += time.monotonic() - asked
        probability = module(_batch(images, spec, fabric.device))
        targets_here = targets.to(fabric.device)
        loss = single_channel_dice(probability, targets_here)
        if recipe.cross_entropy:
            loss = loss + recipe.cross_entropy * cross_entropy(probability, targets_here)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"epoch {epoch}, batch {step}: the loss is {value}; the last good checkpoint is "
                "kept: lower the learning rate or set clip_norm, and start again to go on from it"
            )
        optimiser.zero_grad()
        fabric.backward(loss)
        if recipe.clip_norm:
            fabric.clip_gradients(module, optimiser, max_norm=recipe.clip_norm)
        optimiser.step()
        schedule.step()
        if average is not None:
            _follow(average, module.module, recipe.ema_decay, schedule.last_epoch)
        total += value
        progress.step(StepReport(epoch, step, len(loader), value))
        asked = time.monotonic()
    return total / len(loader), time.monotonic() - started, waited


def _follow(average: nn.Module, module: nn.Module, decay: float, step: int) -> None:
    decay = min(decay, (1 + step) / (10 + step))  # early weights are not worth remembering
    with torch.no_grad():
        for kept, now in zip(
            average.state_dict().values(), module.state_dict().values(), strict=True
        ):
            if kept.is_floating_point():
                kept.lerp_(now, 1.0 - decay)
            else:
                kept.copy_(now)


def _claim(folder: Path, spec: MemberSpec, recipe: Recipe) -> None:
    """Note what is trained here, and refuse a folder in which something else was."""
    text = json.dumps(
        {
            "member": spec.as_dict(),
            "recipe": TypeAdapter(Recipe).dump_python(recipe, mode="json"),
        },
        indent=2,
    )
    note = folder / "settings.json"
    if note.exists() and note.read_text(encoding="utf-8") != text:
        raise TrainingError(
            f"{folder}: another training was begun here (see {note.name}): give it its settings "
            "to go on, or name a new folder"
        )
    note.write_text(text, encoding="utf-8")


def _save(
    folder: Path,
    state: _State,
    module: nn.Module,
    average: nn.Module | None,
    optimiser: Any,
    schedule: LambdaLR,
) -> None:
    values = {
        "epoch": state.epoch,
        "best_iou": state.best_iou,
        "history": state.history,
        "module": module.state_dict(),
        "average": average.state_dict() if average is not None else None,
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
    }
    torch.save(values, folder / "last.partial.pt")
    os.replace(folder / "last.partial.pt", folder / "last.pt")
    (folder / "history.json").write_text(json.dumps(state.history, indent=1), encoding="utf-8")


def _resume(
    folder: Path,
    module: nn.Module,
    average: nn.Module | None,
    optimiser: Any,
    schedule: LambdaLR,
) -> _State:
    path = folder / "last.pt"
    if not path.exists():
        return _State()
    values = torch.load(path, weights_only=True, map_location="cpu")
    module.load_state_dict(values["module"])
    if average is not None:
        average.load_state_dict(values["average"])
    optimiser.load_state_dict(values["optimiser"])
    schedule.load_state_dict(values["schedule"])
    return _State(values["epoch"], values["best_iou"], values["history"])
