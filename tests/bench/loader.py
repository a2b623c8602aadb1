"""How many augmented pictures a second the training loader gives, from JPEG files on."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nets.preprocessing import Preprocessing
from stream.synth import write_dataset
from train.dataset import CACHE_BYTES, Samples
from train.listing import build_manifest
from train.loader import Batches, read_batches, training_loader
from train.manifest import Sample

PICTURES, SIZE = 96, (1280, 1024)
"""As large as most of PolypGen's."""

BATCH = 8
EPOCHS, TIMES = 10, 4
"""An epoch goes through the pictures so many times: 40 passes, a usual training."""


def measure(folder: Path) -> dict[str, Any]:
    """Images a second of recipe `modern` at 256x256, as many workers as cores."""
    pictures = folder / "pictures"
    if not pictures.exists():
        write_dataset(pictures, PICTURES, size=SIZE)
    samples, _ = build_manifest([pictures], split="train")
    cores = len(os.sched_getaffinity(0))
    return {
        "pictures": f"{len(samples)} JPEG, {SIZE[0]}x{SIZE[1]}",
        "workers": cores,
        "decoded each time": _rate(samples, cores, cache_bytes=0, epochs=1),
        "first pass, decoded into the cache": _rate(samples, cores, epochs=1),
        f"{EPOCHS * TIMES} passes, the first included": _rate(
            samples * TIMES, cores, epochs=EPOCHS
        ),
    }


def _rate(
    samples: list[Sample], workers: int, *, epochs: int, cache_bytes: int = CACHE_BYTES
) -> dict[str, float]:
    def run() -> int:
        contract = Preprocessing(height=256, width=256)
        dataset = Samples(samples, contract, "modern", seed=1, cache_bytes=cache_bytes)
        order = Batches(len(dataset), BATCH, seed=1)
        loader = training_loader(dataset, order, workers)
        images = 0
        for epoch in range(1, epochs + 1):
            dataset.epoch = order.epoch = epoch
            images += sum(len(batch) for batch, _ in read_batches(loader))
        return images

    return _timed(run)


def _timed(run: Callable[[], int]) -> dict[str, float]:
    """Wall time, and what the cores worked for it: the latter means something on a busy machine."""
    started, worked = time.perf_counter(), _core_seconds()
    images = run()
    return {
        "images_per_s": images / (time.perf_counter() - started),
        "core_ms_an_image": 1e3 * (_core_seconds() - worked) / images,
    }


def _core_seconds() -> float:
    """Of this process and of the workers that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
