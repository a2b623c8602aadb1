"""What the machine says of itself, with a GPU, without one, and with one that does not answer."""

import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import psutil
import pytest

from stream.live import machine as module
from stream.live.gpu import NvmlGpu, _handle, open_gpu
from stream.live.machine import Machine
from stream.stats import MachineFigures

PATIENCE_S = 60.0


class NvmlError(Exception):
    """As the management library raises it."""


def nvml(**more):
    """A management library with one GPU that does not tell its temperature."""

    def refuse(*_):
        raise NvmlError

    return SimpleNamespace(
        NVMLError=NvmlError,
        NVML_CLOCK_GRAPHICS=0,
        NVML_TEMPERATURE_GPU=0,
        nvmlDeviceGetName=lambda gpu: "NVIDIA H200",
        nvmlDeviceGetUtilizationRates=lambda gpu: SimpleNamespace(gpu=56),
        nvmlDeviceGetMemoryInfo=lambda gpu: SimpleNamespace(used=12, total=141),
        nvmlDeviceGetClockInfo=lambda gpu, kind: 1980,
        nvmlDeviceGetTemperature=refuse,
        nvmlDeviceGetHandleByIndex=lambda number: number,
        nvmlDeviceGetHandleByUUID=lambda name: name,
        **more,
    )


def first_of(machine):
    """The first figures that a machine has."""
    limit = time.monotonic() + PATIENCE_S
    while (figures := machine.figures()) == MachineFigures():
        assert time.monotonic() < limit
        time.sleep(0.02)
    return figures


def test_a_machine_without_a_gpu_says_nothing_of_one(monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0.05)
    with Machine(find_gpu=lambda device: None) as machine:
        figures = first_of(machine)
    assert 0 <= figures.cpu_percent <= 100
    assert figures.cpu_cores == psutil.cpu_count()
    assert 0 < figures.memory_bytes < figures.memory_total_bytes
    assert figures.program_bytes > 1_000_000
    assert figures.gpu_name is figures.gpu_percent is figures.gpu_celsius is None


def test_what_the_program_uses_counts_its_processes_too(monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0.05)
    monkeypatch.setattr(module, "CHILDREN_EVERY_S", 0.0)
    held = 200_000_000
    words = f"held = bytearray(b'x' * {held}); print('ready', flush=True); input()"
    with (
        Machine(find_gpu=lambda device: None) as machine,
        subprocess.Popen(
            [sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child,
    ):
        child.stdout.readline()
        limit = time.monotonic() + PATIENCE_S
        while (machine.figures().program_bytes or 0) < held:
            assert time.monotonic() < limit
            time.sleep(0.02)
        child.communicate(b"\n")


def test_what_a_gpu_does_not_tell_is_left_out():
    figures = NvmlGpu(nvml(), 0).add_to(MachineFigures(cpu_percent=1.0))
    assert figures == MachineFigures(
        cpu_percent=1.0,
        gpu_name="NVIDIA H200",
        gpu_percent=56.0,
        gpu_memory_bytes=12,
        gpu_memory_total_bytes=141,
        gpu_clock_mhz=1980,
    )


@pytest.mark.parametrize(
    ("visible", "number", "found"),
    [(None, 1, 1), ("2,3", 1, 3), ("GPU-ab, GPU-cd", 1, "GPU-cd")],
)
def test_the_gpu_is_the_one_that_cuda_means(monkeypatch, visible, number, found):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert _handle(nvml(), number) == found


def test_an_engine_on_the_processor_has_no_gpu():
    assert open_gpu("cpu") is open_gpu("eager") is None


def test_a_driver_that_hangs_leaves_no_old_figures(monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0.02)
    monkeypatch.setattr(module, "OLD_S", 0.5)
    hangs, goes_on = threading.Event(), threading.Event()

    class Hanging:
        def add_to(self, figures):
            if hangs.is_set():
                goes_on.wait(PATIENCE_S)
            return figures

    with Machine(find_gpu=lambda device: Hanging()) as machine:
        first_of(machine)
        hangs.set()
        limit = time.monotonic() + PATIENCE_S
        while machine.figures() != MachineFigures():
            assert time.monotonic() < limit
            time.sleep(0.02)
        goes_on.set()
