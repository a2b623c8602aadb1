"""How a cluster is shared out: how many workers, and what each of them asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nets.errors import EngineError
from stream.errors import SettingsError

CPU, GPU = "CPU", "GPU"


@dataclass(frozen=True, slots=True)
class Share:
    """What the workers of a cluster get.

    Attributes:
        workers: how many there can be.
        cores: of each.
        gpus: of each, 0 or 1.
    """

    workers: int
    cores: int
    gpus: int


def share_out(machines: Sequence[Mapping[str, float]], device: str, workers: int | None) -> Share:
    """Share a cluster out.

    With GPUs, a worker each, and their machine's cores divided among them. Without, workers as
    large as the smallest machine, or as many as are asked for, as large as they can be.

    Args:
        machines: resources of each, as Ray counts them.
        device: of the engines: auto, cpu, eager or cuda.
        workers: how many at most; None: as many as there is room for.

    Raises:
        SettingsError: a device that cannot be asked for on a cluster.
        EngineError: there is no such device, or no machine at all.
    """
    if device.startswith("cuda:"):
        raise SettingsError(f"--device {device}: Ray chooses among GPUs: say --device cuda")
    with_gpu = [machine for machine in machines if machine.get(GPU, 0) >= 1]
    if device == "cuda" and not with_gpu:
        raise EngineError("no machine of the cluster has a GPU: --device cpu")
    if device == "cuda" or (device == "auto" and with_gpu):
        gpus = sum(int(machine[GPU]) for machine in with_gpu)
        cores = min(int(machine.get(CPU, 0) // machine[GPU]) for machine in with_gpu)
        return Share(min(workers or gpus, gpus), max(cores, 1), 1)
    sizes = [int(machine[CPU]) for machine in machines if machine.get(CPU, 0) >= 1]
    if not sizes:
        raise EngineError("no machine of the cluster has a core to give")
    if workers is None:
        cores = min(sizes)
    else:
        fitting = (size for size in range(max(sizes), 0, -1) if _room(sizes, size) >= workers)
        cores = next(fitting, 1)
    room = _room(sizes, cores)
    return Share(min(workers or room, room), cores, 0)


def _room(sizes: Sequence[int], cores: int) -> int:
    """How many workers of so many cores fit."""
    return sum(size // cores for size in sizes)
