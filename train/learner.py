"""A network on its way: its weights, their moving average, the optimiser and its schedule."""

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from nets.preprocessing import Preprocessing
from train.dataset import normalise
from train.loss import agreement, cross_entropy, single_channel_dice
from train.settings import Recipe
from train.taught import UNKNOWN

LAST_RATE = 0.01
"""Share of the peak that a cosine ends at."""


class Learner:
    """One member, its optimiser and what is kept of it.

    Args:
        fabric: the devices.
        module: the member, on the CPU.
        recipe: how it is trained.
        contract: how its input is prepared.
        steps: of an epoch.
        teacher: gives (N, h, w) probability of polyp for images as a step takes them.
    """

    def __init__(
        self,
        fabric: Fabric,
        module: nn.Module,
        recipe: Recipe,
        contract: Preprocessing,
        steps: int,
        teacher: nn.Module | None = None,
    ) -> None:
        module = over_devices(module, fabric.world_size, fabric.device.type)
        self.module = module.to(memory_format=torch.channels_last)
        self.average: nn.Module | None = None
        if recipe.ema_decay:
            self.average = deepcopy(module).eval().requires_grad_(False).to(fabric.device)
        self.teacher = teacher
        if teacher is not None:
            teacher.eval().to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.recipe = recipe
        self.contract = contract
        self.fabric = fabric
        optimiser = _optimiser(self.module, recipe)
        self.schedule = LambdaLR(optimiser, rate(recipe, steps))
        self._wrapped, self.optimiser = fabric.setup(self.module, optimiser)

    @property
    def kept(self) -> nn.Module:
        """The weights that are validated and kept."""
        return self.average or self.module

    def train(self) -> None:
        """Let batch norm and dropout learn."""
        self._wrapped.train()

    def step(self, images: Tensor, targets: Tensor) -> Tensor:
        """Learn from one batch: (N, h, w, 3) and (N, h, w) uint8; the loss, a scalar.

        With a teacher, targets may be `train.taught.UNKNOWN`.
        """
        loss = self._loss(images, targets)
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        if self.recipe.clip_norm:
            self.fabric.clip_gradients(
                self._wrapped,
                self.optimiser,
                max_norm=self.recipe.clip_norm,
                error_if_nonfinite=False,
            )
        self.optimiser.step()
        self.schedule.step()
        if self.average is not None:
            follow(self.average, self.module, self.recipe.ema_decay, self.schedule.last_epoch)
        return loss.detach()

    def mean_over_devices(self, value: Tensor) -> float:
        """A number that each device has a part of."""
        mean = self.fabric.all_reduce(value, reduce_op="mean")
        assert isinstance(mean, Tensor)
        return float(mean)

    def rehearse(self, images: Tensor, targets: Tensor) -> None:
        """Do what takes a step's memory and learn nothing."""
        self.fabric.backward(self._loss(images, targets))
        self.optimiser.zero_grad()

    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(torch.isfinite(weights).all()) for weights in self.module.parameters())

    def state(self) -> dict[str, Any]:
        """All that is needed to go on, as nested dictionaries of tensors and plain values."""
        return {
            "module": self.module.state_dict(),
            "average": self.average.state_dict() if self.average is not None else {},
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.module.load_state_dict(state["module"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        for parameter, values in self.optimiser.state.items():
            for name, value in values.items():
                if value.shape == parameter.shape:  # in memory as the weights are, or it is slow
                    values[name] = torch.empty_like(parameter).copy_(value)
        self.schedule.load_state_dict(state["schedule"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])

    def _loss(self, images: Tensor, targets: Tensor) -> Tensor:
        device = self.fabric.device
        images, truth = images.to(device), targets.to(device)
        probability = self._wrapped(normalise(images, self.contract))
        if self.teacher is None:
            return self._from_labels(probability, truth)
        with self.fabric.autocast():
            wanted = self.teacher(images)
        taught = agreement(probability, wanted, self.recipe.cross_entropy)
        # Where nothing is known both sides are empty, and nothing follows.
        known = truth != UNKNOWN
        labelled = self._from_labels(probability * known[:, None], truth * known)
        return torch.lerp(labelled, taught, self.recipe.teaching)

    def _from_labels(self, probability: Tensor, truth: Tensor) -> Tensor:
        loss = single_channel_dice(probability, truth)
        if self.recipe.cross_entropy:
            loss = loss + self.recipe.cross_entropy * cross_entropy(probability, truth)
        return loss


def over_devices(module: nn.Module, devices: int, kind: str) -> nn.Module:
    """Let batch norm see the whole batch where several GPUs share it.

    The CPU has no such batch norm: there each process sees its own share of the batch.

    Args:
        module: the member.
        devices: how many train as one.
        kind: `cuda` or `cpu`.
    """
    if devices < 2 or kind != "cuda":
        return module
    joined: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
    return joined


def rate(recipe: Recipe, steps: int) -> Callable[[int], float]:
    """The learning rate's factor by step, for `steps` steps an epoch."""
    if recipe.schedule == "drop":
        return lambda step: 1.0 if step < recipe.drop_epoch * steps else 0.1
    total = recipe.epochs * steps
    warm = max(1, round(recipe.warmup * total))

    def cosine(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        done = min((step - warm) / max(1, total - warm), 1.0)
        return LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + math.cos(math.pi * done))

    return cosine


def follow(average: nn.Module, module: nn.Module, decay: float, step: int) -> None:
    """Move an average of weights a little towards the weights of step `step`, from 1."""
    decay = min(decay, (1 + step) / (10 + step))  # early weights are not worth remembering
    kept, now = list(average.state_dict().values()), list(module.state_dict().values())
    floats = [place for place, weights in enumerate(kept) if weights.is_floating_point()]
    with torch.no_grad():
        # All at once: one by one, a GPU would wait for hundreds of launches.
        torch._foreach_lerp_([kept[it] for it in floats], [now[it] for it in floats], 1.0 - decay)
        for place in set(range(len(kept))).difference(floats):
            kept[place].copy_(now[place])


def _optimiser(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimiser == "adam":
        return torch.optim.Adam(
            module.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
    matrices = [p for p in module.parameters() if p.ndim > 1]
    others = [p for p in module.parameters() if p.ndim <= 1]  # norms and biases do not decay
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, recipe.learning_rate)
