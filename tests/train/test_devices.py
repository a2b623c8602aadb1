"""Two processes on the CPU train as one: the same batches, the same loss, the same gradient."""

import subprocess
import sys
from pathlib import Path

import torch

from nets.architectures import build
from nets.checkpoint import Header, save_checkpoint
from train.loss import cross_entropy, single_channel_dice

SCRIPT = """
import sys
from pathlib import Path

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from nets.checkpoint import load_checkpoint
from train.loader import Batches
from train.loss import cross_entropy, single_channel_dice

folder, rank = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
distributed.init_process_group(
    "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
)
module, _ = load_checkpoint(folder / "member.safetensors")
wrapped = DistributedDataParallel(module.eval())  # batch norm does not look at the batch
batch = torch.load(folder / "batch.pt", weights_only=True)
(mine,) = Batches(4, 4, seed=1, rank=rank, world=2)
probability = wrapped(batch["images"][mine])
dice = single_channel_dice(probability, batch["targets"][mine])
loss = dice + 0.5 * cross_entropy(probability, batch["targets"][mine])
loss.backward()
if rank == 0:
    gradients = {name: p.grad for name, p in module.named_parameters()}
    torch.save({"dice": dice.detach(), "gradients": gradients}, folder / "found.pt")
distributed.barrier()
distributed.destroy_process_group()
"""


def test_two_processes_have_the_loss_and_the_gradient_of_one(tiny_member, tmp_path: Path) -> None:
    spec = tiny_member()
    torch.manual_seed(0)
    module = build(spec).eval()
    save_checkpoint(tmp_path / "member.safetensors", module, Header(spec))
    targets = torch.zeros(4, 64, 64, dtype=torch.int64)
    for number in range(4):  # one process has large polyps and the other small ones, or none
        targets[number, : 20 * number, :30] = 1
    batch = {"images": torch.randn(4, 3, 64, 64), "targets": targets}
    torch.save(batch, tmp_path / "batch.pt")
    processes = [
        subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path), str(rank)])
        for rank in range(2)
    ]
    assert [process.wait(timeout=500) for process in processes] == [0, 0]

    probability = module(batch["images"])
    dice = single_channel_dice(probability, targets)
    (dice + 0.5 * cross_entropy(probability, targets)).backward()
    found = torch.load(tmp_path / "found.pt", weights_only=True)
    torch.testing.assert_close(found["dice"], dice.detach(), rtol=0, atol=1e-5)
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(found["gradients"][name], parameter.grad, rtol=1e-4, atol=1e-5)
