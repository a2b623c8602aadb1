"""Training on a GPU, in every precision."""

from pathlib import Path

import pytest
import torch

from nets.architectures import build
from nets.checkpoint import load_checkpoint
from stream.synth import write_dataset
from train.fit import fit
from train.hardware import Hardware, open_fabric
from train.learner import Learner
from train.listing import build_manifest
from train.settings import Recipe

pytestmark = pytest.mark.gpu

RECIPE = Recipe(
    epochs=2, batch_size=4, learning_rate=2e-3, augmentation="modern", ema_decay=0.9, clip_norm=5.0
)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed", "auto"])
def test_a_gpu_learns_in_every_precision(tiny_member, device: str, precision: str) -> None:
    torch.manual_seed(0)
    spec = tiny_member()
    fabric = open_fabric(Hardware(device), precision)
    learner = Learner(fabric, build(spec), RECIPE, spec.preprocessing, steps=10)
    learner.train()
    images = torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8)
    targets = (images[..., 0] > 128).byte()
    losses = [learner.step(images, targets) for _ in range(10)]
    assert all(loss.dtype == torch.float32 for loss in losses)
    assert losses[-1] < losses[0]
    assert learner.is_finite()


def test_a_training_on_a_gpu_ends_in_a_checkpoint(tiny_member, device: str, tmp_path: Path) -> None:
    write_dataset(tmp_path / "pictures", 12, size=(96, 80))
    samples, _ = build_manifest([tmp_path / "pictures"])
    best = fit(
        tiny_member(),
        RECIPE,
        samples[:8],
        samples[8:],
        tmp_path / "run",
        hardware=Hardware(device, workers=2),
    )
    load_checkpoint(best)
