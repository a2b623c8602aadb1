"""The paper's members, as large as they are, take a step."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nets.architectures import build
from train.hardware import Hardware, open_fabric
from train.learner import Learner
from train.settings import read_plan

CONFIGS = Path(__file__).parents[2] / "configs"
PLANS = [read_plan(CONFIGS / "ensembles" / f"{name}.yaml") for name in ("paper", "paper-unet")]
MEMBERS = {name: (plan, name) for plan in PLANS for name in plan.members}


@pytest.mark.parametrize(("plan", "name"), MEMBERS.values(), ids=MEMBERS)
def test_a_full_member_learns_from_one_batch(plan, name: str) -> None:
    spec = plan.spec_of(name, size=64, encoder_weights="none")
    recipe = replace(plan.recipe_of(name), batch_size=2)
    torch.manual_seed(0)
    learner = Learner(
        open_fabric(Hardware("cpu"), recipe.precision),
        build(spec),
        recipe,
        spec.preprocessing,
        steps=1,
    )
    learner.train()
    images = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    first = next(learner.module.parameters())
    before = first.detach().clone()
    loss = learner.step(images, (images[..., 0] > 128).byte())
    assert 0 < loss.item() < 1
    assert not torch.equal(first, before)
    assert all(weights.grad is not None for weights in learner.module.parameters())
    assert learner.is_finite()
