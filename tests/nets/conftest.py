"""Small members on disk."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nets.architectures import build
from nets.checkpoint import Header, save_checkpoint
from nets.preprocessing import Preprocessing
from nets.spec import MemberSpec, NetworkSpec

ENCODER = "tu-mobilenetv4_conv_small_050"


def write_member(path: Path, contract: Preprocessing, seed: int, classes: int = 2) -> Path:
    """A checkpoint of a tiny FPN with random weights."""
    torch.manual_seed(seed)
    network = NetworkSpec(
        "fpn",
        ENCODER,
        decoder={"decoder_pyramid_channels": 32, "decoder_segmentation_channels": 32},
    )
    spec = MemberSpec(network, contract, classes)
    save_checkpoint(path, build(spec), Header(spec))
    return path


@pytest.fixture(scope="session")
def make_member() -> Callable[..., Path]:
    """Writes a checkpoint: `make_member(path, contract, seed, classes=2)`."""
    return write_member


@pytest.fixture(scope="session")
def member(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One checkpoint at 64x64."""
    folder = tmp_path_factory.mktemp("member")
    return write_member(folder / "one.safetensors", Preprocessing(height=64, width=64), 1)


@pytest.fixture(scope="session")
def mixed_members(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three checkpoints with three contracts: sizes, extents, values and orders differ."""
    folder = tmp_path_factory.mktemp("mixed")
    contracts = [
        Preprocessing(height=64, width=64),
        Preprocessing(height=96, width=64, resize="bilinear", extent="frame"),
        Preprocessing(
            height=64, width=64, resize="nearest", unit_range=False,
            mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), order="bgr",
        ),
    ]  # fmt: skip
    return [
        write_member(folder / f"m{number}.safetensors", contract, number)
        for number, contract in enumerate(contracts)
    ]
