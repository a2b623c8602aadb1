"""The machine: what it is, how fast it multiplies and copies, how much memory is in use."""

import os
import platform
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stream.bench.timing import repeat

if TYPE_CHECKING:
    import torch

LIBRARIES = ("divergentnets", "torch", "openvino", "numpy", "av", "opencv-python")
ARITHMETIC = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
"""What a processor may have that decides how fast networks run on it (Linux's names)."""

SMALLEST_SIDE, LARGEST_SIDE = 256, 16384
"""Rows and columns of the matrices that are multiplied."""

COPIED = 2**27
"""Bytes that are copied: more than any cache holds."""

LONG_ENOUGH_S = 0.02
"""A multiplication that takes this long runs at the full rate."""

BUSY = 0.5
"""Load a core, before anything is measured, above which figures say little."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What the device reaches where nothing else is asked of it.

    Attributes:
        arithmetic: of the multiplication.
        flop_per_second: multiplications and additions of large square matrices.
        bytes_per_second: read and written by a large copy.
    """

    arithmetic: str
    flop_per_second: float
    bytes_per_second: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def describe(device: str) -> dict[str, Any]:
    """What the machine and its libraries are.

    Args:
        device: `cpu` or `cuda:N`.
    """
    facts: dict[str, Any] = {
        "processor": _processor("model name") or platform.machine(),
        "cores": cores(),
        "has": [name for name in ARITHMETIC if name in _processor("flags").split()],
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        **_versions(),
        "load_before": round(os.getloadavg()[0], 2),
    }
    if device != "cpu":
        import torch

        properties = torch.cuda.get_device_properties(torch.device(device))
        facts["gpu"] = properties.name
        facts["gpu_memory_gib"] = round(properties.total_memory / 2**30, 1)
        facts["cuda"] = torch.version.cuda
    return facts


def _versions() -> dict[str, str]:
    """Of the libraries that are there: a machine with a GPU may do without the processor's."""
    found = {}
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def is_busy(facts: dict[str, Any]) -> bool:
    """Whether others were at work on it, by its description."""
    return bool(facts["load_before"] > BUSY * facts["cores"])


def _processor(fact: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(fact)), "")


def measure_rates(device: str, arithmetic: str, seconds: float) -> Rates:
    """Multiply and copy on a device with all its cores; the best run counts.

    Args:
        device: `cpu` or `cuda:N`.
        arithmetic: the engine's: f32, bf16, f16 or int8.
        seconds: about how long to take.
    """
    import torch

    torch.set_num_threads(cores())  # whatever OMP_NUM_THREADS says: engines do not heed it either
    where, side = torch.device(device), SMALLEST_SIDE
    source = torch.ones(COPIED, dtype=torch.uint8, device=where)
    target = torch.empty_like(source)

    def multiply() -> None:
        if arithmetic == "int8":
            torch._int_mm(first, second)
        else:
            torch.mm(first, second)
        _wait(where)

    def copy() -> None:
        target.copy_(source)
        _wait(where)

    with torch.inference_mode():
        copying = min(repeat(copy, seconds / 2))
        while True:
            first, second = (_matrix(side, arithmetic, where) for _ in range(2))
            if side == LARGEST_SIDE or min(repeat(multiply, 0.0)) > LONG_ENOUGH_S:
                break
            side *= 2
        multiplying = min(repeat(multiply, seconds / 2))
    return Rates(arithmetic, 2 * side**3 / multiplying, 2 * COPIED / copying)


def _matrix(side: int, arithmetic: str, where: "torch.device") -> "torch.Tensor":
    import torch

    if arithmetic == "int8":
        return torch.randint(-127, 127, (side, side), dtype=torch.int8, device=where)
    kinds = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
    return torch.randn(side, side, device=where).to(kinds[arithmetic])


def _wait(where: "torch.device") -> None:
    import torch

    if where.type == "cuda":
        torch.cuda.synchronize(where)


def memory(device: str) -> dict[str, float]:
    """MiB in use now, and at most until now, on the host and on a GPU."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    told = {name: rest.split() for name, _, rest in (line.partition(":") for line in status)}
    # Not getrusage: there a child's peak begins with its parent's.
    used = {
        "host": int(told["VmRSS"][0]) / 2**10,
        "host_peak": int(told["VmHWM"][0]) / 2**10,
    }
    if device != "cpu":
        import torch

        free, total = torch.cuda.mem_get_info(torch.device(device))
        used["gpu"] = (total - free) / 2**20
        used["gpu_peak_of_torch"] = torch.cuda.max_memory_reserved(torch.device(device)) / 2**20
    return {name: round(value, 1) for name, value in used.items()}
