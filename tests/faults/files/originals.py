"""Whole files of each kind, and what they say."""

import shutil
from pathlib import Path

import cv2
import numpy as np

ENCODER = "tu-mobilenetv4_conv_small_050"
CONFIGS = Path(__file__).resolve().parents[3] / "configs"


def write_member(path: Path, seed: int) -> None:
    """A checkpoint of a tiny network with random weights."""
    import torch

    from nets.architectures import build
    from nets.checkpoint import Header, save_checkpoint
    from nets.preprocessing import Preprocessing
    from nets.spec import MemberSpec, NetworkSpec

    torch.manual_seed(seed)
    narrow = {"decoder_pyramid_channels": 32, "decoder_segmentation_channels": 32}
    spec = MemberSpec(
        NetworkSpec("fpn", ENCODER, decoder=narrow), Preprocessing(height=64, width=64)
    )
    save_checkpoint(path, build(spec), Header(spec, metrics={"dice": 0.7}), half=True)


def write_bundle(folder: Path) -> None:
    """An ensemble of two members with a card."""
    from nets.bundle import write_bundle as bundle

    for seed in (1, 2):
        write_member(folder.parent / f"member{seed}.safetensors", seed)
    members = {f"m{seed}": folder.parent / f"member{seed}.safetensors" for seed in (1, 2)}
    bundle(folder, members, half=True)
    (folder / "README.md").write_text("# A card\n\nWith words: é.\n", encoding="utf-8")


def write_state(path: Path) -> None:
    """A training's state."""
    import torch

    from train.run_state import write_state as write

    torch.manual_seed(3)
    write(
        path,
        {
            "epoch": 3,
            "best": 0.61,
            "model": {"a.weight": torch.randn(16, 8), "a.bias": torch.zeros(16)},
            "optimiser": {"state": {0: {"step": 7, "mean": torch.randn(16, 8)}}, "groups": [0, 1]},
            "random": list(range(60)),
        },
    )


def write_manifest(path: Path) -> None:
    """A manifest of six pictures and their masks, two of them without a polyp."""
    from train.manifest import Sample
    from train.manifest import write_manifest as write
    from train.pictures import content_of

    rng, samples = np.random.default_rng(5), []
    for number in range(6):
        image, mask = path.parent / f"{number}.png", path.parent / f"{number}m.png"
        cv2.imwrite(str(image), rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
        truth = np.zeros((48, 64), np.uint8)
        cv2.circle(truth, (20 + 4 * number, 24), 9, 255, -1)
        cv2.imwrite(str(mask), truth)
        split = "train" if number < 4 else "validation"
        shown = None if number % 3 == 2 else mask
        content = content_of(image)
        samples.append(Sample(image, shown, f"C{number % 2}", f"s{number}", split, content))
    write(path, samples)


def write_settings(folder: Path) -> None:
    """The settings that ship with the program."""
    for name in ("stream", "train", "ensembles"):
        shutil.copytree(CONFIGS / name, folder / name)
