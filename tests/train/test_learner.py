"""Learning rates, averages of weights and what a step does."""

import pytest
import torch
from torch import nn

from nets.architectures import build
from train.hardware import Hardware, open_fabric
from train.learner import Learner, follow, over_devices, rate
from train.settings import Recipe


def test_the_papers_rate_falls_to_a_tenth_after_epoch_fifty() -> None:
    factor = rate(Recipe(), steps=10)
    assert [factor(step) for step in (0, 499, 500, 1999)] == [1.0, 1.0, 0.1, 0.1]


def test_a_cosine_warms_up_and_ends_at_a_hundredth() -> None:
    factor = rate(Recipe(epochs=10, schedule="cosine", warmup=0.1), steps=10)
    values = [factor(step) for step in range(101)]
    assert values[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert values[10] == 1.0
    assert values[10:] == sorted(values[10:], reverse=True)
    assert values[100] == pytest.approx(0.01)
    assert factor(500) == pytest.approx(0.01)


def test_an_average_forgets_the_first_weights_quickly_and_later_ones_slowly() -> None:
    average, module = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    with torch.no_grad():
        average.weight.fill_(0.0)
        module.weight.fill_(1.0)
    module.num_batches_tracked.fill_(7)
    follow(average, module, decay=0.99, step=1)
    assert average.weight.item() == pytest.approx(1 - 2 / 11)
    assert average.num_batches_tracked.item() == 7  # a count is taken over as it is
    follow(average, module, decay=0.99, step=100_000)
    assert average.weight.item() == pytest.approx(1 - 0.99 * 2 / 11)


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, 64, 64, 3), generator=generator, dtype=torch.uint8)
    return images, (images[..., 0] > 128).byte()


def learner_of(member, recipe: Recipe) -> Learner:
    torch.manual_seed(0)
    fabric = open_fabric(Hardware("cpu"), recipe.precision)
    return Learner(fabric, build(member), recipe, member.preprocessing, steps=4)


@pytest.mark.parametrize("optimiser", ["adam", "adamw"])
def test_a_step_learns_and_moves_the_average_too(tiny_member, batch, optimiser: str) -> None:
    recipe = Recipe(
        optimiser=optimiser, learning_rate=1e-2, ema_decay=0.9, clip_norm=5, cross_entropy=0.5
    )
    learner = learner_of(tiny_member(), recipe)
    learner.train()
    before = [weights.clone() for weights in learner.kept.parameters()]
    losses = [learner.step(*batch).item() for _ in range(4)]
    assert losses[-1] < losses[0]
    moved = [not torch.equal(a, b) for a, b in zip(before, learner.kept.parameters(), strict=True)]
    assert all(moved)
    assert learner.kept is not learner.module
    assert learner.is_finite()


def test_a_gradient_is_clipped_to_its_largest_norm(tiny_member, batch) -> None:
    def norm(recipe: Recipe) -> float:
        learner = learner_of(tiny_member(), recipe)
        learner.step(*batch)
        gradients = [weights.grad.flatten() for weights in learner.module.parameters()]
        return torch.cat(gradients).norm().item()

    assert norm(Recipe()) > 1e-2
    assert norm(Recipe(clip_norm=1e-2)) == pytest.approx(1e-2, rel=1e-3)


@pytest.mark.parametrize(
    ("devices", "kind", "joined"), [(2, "cuda", True), (1, "cuda", False), (2, "cpu", False)]
)
def test_batch_norm_sees_the_batch_of_all_gpus(tiny_member, devices, kind, joined: bool) -> None:
    module = build(tiny_member())
    names = list(module.state_dict())
    count = sum(isinstance(part, nn.BatchNorm2d) for part in module.modules())
    module = over_devices(module, devices, kind)
    synchronised = sum(isinstance(part, nn.SyncBatchNorm) for part in module.modules())
    assert synchronised == (count if joined else 0)
    assert list(module.state_dict()) == names  # a checkpoint is the same one


def test_a_rehearsal_learns_nothing(tiny_member, batch) -> None:
    learner = learner_of(tiny_member(), Recipe())
    before = [weights.clone() for weights in learner.module.parameters()]
    learner.rehearse(*batch)
    after = list(learner.module.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(weights.grad is None for weights in after)


def test_bf16_keeps_the_loss_in_single_precision(tiny_member, batch) -> None:
    learner = learner_of(tiny_member(), Recipe(precision="bf16-mixed"))
    assert learner.step(*batch).dtype == torch.float32
    assert all(weights.dtype == torch.float32 for weights in learner.module.parameters())
