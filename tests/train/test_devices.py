"""Two processes on the CPU train as one: the same batches, the same loss, the same gradient."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nets.architectures import build
from nets.checkpoint import Header, load_checkpoint, save_checkpoint
from train.hardware import Hardware, open_fabric
from train.learner import Learner
from train.loader import Batches
from train.manifest import Sample, write_manifest
from train.settings import Recipe

LONGEST_S = 500
"""Two processes take some seconds; on a machine with much else to do, minutes."""

RECIPE = Recipe(batch_size=4, learning_rate=1e-5, cross_entropy=0.5, clip_norm=1.0, ema_decay=0.9)
STEPS = 3

LEARN = "import sys; from tests.train.test_devices import learn_a_share; learn_a_share(sys.argv[1])"


def learn_a_share(folder: str) -> None:
    """What each of the two processes does."""
    fabric = open_fabric(Hardware("cpu", devices=2), RECIPE.precision)
    assert fabric.world_size == 2
    (mine,) = Batches(4, 4, seed=1, rank=fabric.global_rank, world=2)
    found = learn(fabric, Path(folder), mine)
    if fabric.is_global_zero:
        torch.save(found, Path(folder) / "found.pt")
    fabric.barrier()


def learn(fabric, folder: Path, mine: list[int]) -> dict:
    """A few steps of the member in a folder, from some of the batch in it."""
    torch.set_num_threads(1)
    module, header = load_checkpoint(folder / "member.safetensors")  # in evaluation mode
    batch = torch.load(folder / "batch.pt", weights_only=True)
    learner = Learner(fabric, module, RECIPE, header.spec.preprocessing, steps=STEPS)
    losses = [
        learner.mean_over_devices(learner.step(batch["images"][mine], batch["targets"][mine]))
        for _ in range(STEPS)
    ]
    gradients = {name: weights.grad for name, weights in learner.module.named_parameters()}
    kept = learner.kept.state_dict()
    return {"losses": losses, "gradients": gradients, "module": module.state_dict(), "kept": kept}


def ended(processes: list[subprocess.Popen]) -> list[int]:
    """Their statuses; none of them outlives the test, nor do those they started."""
    try:
        return [process.wait(timeout=LONGEST_S) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_two_processes_learn_what_one_does(tiny_member, tmp_path: Path, free_port: int) -> None:
    spec = tiny_member()
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "member.safetensors", build(spec), Header(spec))
    images = torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8)
    targets = torch.zeros(4, 64, 64, dtype=torch.uint8)
    for number in range(4):  # one process has large polyps and the other small ones, or none
        targets[number, : 20 * number, :30] = 1
    torch.save({"images": images, "targets": targets}, tmp_path / "batch.pt")
    places = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port), "NODE_RANK": "0"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", LEARN, str(tmp_path)],
            env={**os.environ, **places, "WORLD_SIZE": "2", "LOCAL_RANK": str(rank)},
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        for rank in range(2)
    ]
    assert ended(processes) == [0, 0]
    found = torch.load(tmp_path / "found.pt", weights_only=True)
    alone = learn(open_fabric(Hardware("cpu"), RECIPE.precision), tmp_path, [0, 1, 2, 3])
    assert found["losses"] == pytest.approx(alone["losses"], abs=1e-5)
    for part in ("gradients", "module", "kept"):
        torch.testing.assert_close(found[part], alone[part], rtol=0, atol=1e-5)


def test_a_training_on_two_devices_is_one_command(
    tmp_path: Path, training: list[Sample], validation: list[Sample]
) -> None:
    write_manifest(tmp_path / "m.csv", [*training[:8], *validation[:4]])
    (tmp_path / "plan.yaml").write_text(
        """
recipe: {epochs: 2, batch_size: 4, augmentation: modern}
members:
  first: &member
    network:
      architecture: unet
      encoder: tu-mobilenetv4_conv_small_050
      decoder: {encoder_depth: 3, decoder_channels: [8, 8, 8]}
    preprocessing: {height: 64, width: 64}
  second: *member
"""
    )
    command = ["-m", "train.cli", "fit", str(tmp_path / "plan.yaml"), "--device", "cpu"]
    command += ["--manifest", str(tmp_path / "m.csv"), "-o", str(tmp_path / "runs")]
    process = subprocess.Popen(
        [sys.executable, *command, "--devices", "2"],
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )
    assert ended([process]) == [0]
    for name in ("first", "second"):
        run = tmp_path / "runs" / name
        assert [row["epoch"] for row in json.loads((run / "history.json").read_text())] == [1, 2]
        load_checkpoint(run / "best.safetensors")
    assert (tmp_path / "runs" / "bundle" / "bundle.yaml").is_file()
