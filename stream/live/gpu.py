"""What NVIDIA's management library says of the GPU in use; without one there is nothing to say."""

import os
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from stream.stats import MachineFigures

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The management library counts all GPUs, CUDA those that this names."""


class Gpu(Protocol):
    """A GPU that tells of itself."""

    def add_to(self, figures: MachineFigures) -> MachineFigures:
        """The figures, with those of the GPU."""
        ...


def open_gpu(device: str) -> Gpu | None:
    """The GPU of an engine's device, or None where there is none or nothing to ask.

    Args:
        device: auto, cpu, eager or cuda[:N].
    """
    if device in ("cpu", "eager"):
        return None
    number = int(device.rpartition(":")[2]) if device.startswith("cuda:") else 0
    try:
        import pynvml

        pynvml.nvmlInit()
        return NvmlGpu(pynvml, _handle(pynvml, number))
    except Exception:  # no driver, no GPU, no permission: all the same to whoever looks
        return None


def _handle(nvml: Any, number: int) -> Any:
    """The management library's handle of the GPU that CUDA gives this number."""
    visible = os.environ.get(VISIBLE)
    name = str(number) if visible is None else visible.split(",")[number].strip()
    if name.isdigit():
        return nvml.nvmlDeviceGetHandleByIndex(int(name))
    return nvml.nvmlDeviceGetHandleByUUID(name)


class NvmlGpu:
    """Asks the management library; a question that this GPU has no answer to is left out."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        """Take hold of a GPU.

        Args:
            nvml: the module `pynvml`, set up.
            handle: of the GPU.
        """
        self._nvml, self._handle = nvml, handle

    def add_to(self, figures: MachineFigures) -> MachineFigures:
        """The figures, with those of the GPU."""
        nvml, found = self._nvml, {}
        questions = {
            "gpu_name": nvml.nvmlDeviceGetName,
            "gpu_percent": lambda gpu: float(nvml.nvmlDeviceGetUtilizationRates(gpu).gpu),
            "gpu_memory_bytes": lambda gpu: int(nvml.nvmlDeviceGetMemoryInfo(gpu).used),
            "gpu_memory_total_bytes": lambda gpu: int(nvml.nvmlDeviceGetMemoryInfo(gpu).total),
            "gpu_clock_mhz": lambda gpu: int(
                nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_GRAPHICS)
            ),
            "gpu_celsius": lambda gpu: float(
                nvml.nvmlDeviceGetTemperature(gpu, nvml.NVML_TEMPERATURE_GPU)
            ),
        }
        for figure, ask in questions.items():
            with suppress(nvml.NVMLError):
                found[figure] = ask(self._handle)
        return replace(figures, **found)
