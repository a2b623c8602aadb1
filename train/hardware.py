"""What a training runs on."""

import os
import re
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric

from train.errors import TrainingError

DEVICE = re.compile(r"(?P<kind>auto|cpu|cuda)(:(?P<index>\d+))?")


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a training runs on.

    Attributes:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        devices: how many of them; more than one train as one (DDP).
        workers: processes a device that prepare samples; None takes the processor's cores for a
            GPU, and none for the CPU, which has its hands full.
    """

    device: str = "auto"
    devices: int = 1
    workers: int | None = None

    def workers_of(self, fabric: Fabric) -> int:
        """How many processes prepare samples for one of these devices."""
        if self.workers is not None:
            return self.workers
        if fabric.device.type == "cpu":
            return 0
        return max(1, (os.cpu_count() or 1) // self.devices - 1)


def is_first_process() -> bool:
    """Whether this is the process that shows and writes, of those that train on several devices."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


def open_fabric(hardware: Hardware, precision: str) -> Fabric:
    """The devices, ready to train on.

    Args:
        hardware: which.
        precision: Lightning Fabric's name, or `auto`: bf16-mixed on a GPU that can, else 32-true.

    Raises:
        TrainingError: there are no such devices, or they do not go with the precision.
    """
    match = DEVICE.fullmatch(hardware.device)
    if match is None or (match["index"] and match["kind"] != "cuda"):
        raise TrainingError(f"{hardware.device}: no such device: name auto, cpu or cuda[:N]")
    if match["index"] and hardware.devices > 1:
        raise TrainingError(f"{hardware.device} is one device: name cuda to train on several")
    has_cuda = torch.cuda.is_available()
    kind = ("cuda" if has_cuda else "cpu") if match["kind"] == "auto" else match["kind"]
    if kind == "cuda" and not has_cuda:
        raise TrainingError("cuda: this machine has no CUDA device that PyTorch can use")
    if precision == "auto":
        # A CPU without bf16 arithmetic works it out in software, many times slower.
        can = kind == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bf16-mixed" if can else "32-true"
    if kind == "cpu" and precision == "16-mixed":
        raise TrainingError("precision 16-mixed needs a GPU: bf16-mixed runs on a CPU too")
    try:
        fabric = Fabric(
            accelerator=kind,
            devices=[int(match["index"])] if match["index"] else hardware.devices,
            strategy="ddp" if hardware.devices > 1 else "auto",
            precision=precision,  # type: ignore[arg-type]
        )
        fabric.launch()
    except (RuntimeError, ValueError) as error:
        raise TrainingError(f"{hardware.device}: {' '.join(str(error).split())}") from error
    return fabric
