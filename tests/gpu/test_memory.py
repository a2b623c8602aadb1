"""The GPU's memory: taken once, given back, and what happens where it does not suffice."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from nets.bundle import Bundle
from nets.engine.cuda import Cuda, CudaEngine
from nets.errors import EngineError
from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame

pytestmark = pytest.mark.gpu

COUNTED = ("allocation.all.allocated", "segment.all.allocated", "num_device_alloc")
VIEWS = (Rect(0, 0, 1920, 1080), Rect(420, 40, 1000, 1000), Rect(8, 6, 640, 512))


@pytest.fixture
def cramped(device: str) -> Iterator["Cramp"]:
    torch.cuda.empty_cache()
    yield Cramp(device)
    torch.cuda.set_per_process_memory_fraction(1.0, device)
    torch.cuda.empty_cache()


class Cramp:
    """Leaves this process so many MiB more of the device's memory than it has now."""

    def __init__(self, device: str) -> None:
        self._device = device

    def __call__(self, mebibytes: int) -> None:
        total = torch.cuda.get_device_properties(self._device).total_memory
        allowed = torch.cuda.memory_reserved(self._device) + mebibytes * 2**20
        torch.cuda.set_per_process_memory_fraction(min(allowed / total, 1.0), self._device)


def counts() -> list[int]:
    statistics = torch.cuda.memory_stats()
    return [statistics[name] for name in COUNTED]


def test_nothing_is_allocated_after_the_first_frame(
    compact: Bundle, device: str, frames: list[Frame]
) -> None:
    with CudaEngine(compact, Cuda(device, timed=False), batches=(1, 4)) as engine:
        engine.predict([engine.prepare(frames[0].picture, VIEWS[0])])
        before = counts()
        for number in range(60):  # the view moves, the batch changes
            view = VIEWS[number // 7 % len(VIEWS)]
            batch = [engine.prepare(frame.picture, view) for frame in frames[: 1 + number % 4]]
            engine.predict(batch)
            engine.predict_members(batch[:1])
        assert counts() == before


def test_a_closed_engine_gives_its_memory_back(compact: Bundle, device: str) -> None:
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated(device)
    with CudaEngine(compact, Cuda(device, timed=False), batches=(1, 4)):
        assert torch.cuda.memory_allocated(device) > before
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated(device) <= before + 2**20


def test_too_little_memory_makes_batches_smaller(
    compact: Bundle, device: str, cramped: Cramp, frames: list[Frame]
) -> None:
    told: list[str] = []
    cramped(1536)
    with CudaEngine(
        compact, Cuda(device, timed=False), batches=(1, 512), notify=told.append
    ) as engine:
        assert engine.batch == 1
        assert "suffices for 1 frames at once, not for 512" in told[-1]
        prepared = [engine.prepare(frame.picture, VIEWS[1]) for frame in frames[:3]]
        assert np.isfinite(engine.predict(prepared)).all()


def test_no_memory_for_the_ensemble_is_one_clear_line(
    paper: Bundle, device: str, cramped: Cramp
) -> None:
    cramped(64)
    with pytest.raises(EngineError, match=r"does not suffice: .*--device cpu"):
        CudaEngine(paper, Cuda(device, timed=False), batches=(1,))


def test_no_memory_for_a_new_size_of_frame_does_not_end_a_recording(
    compact: Bundle, device: str, cramped: Cramp, frames: list[Frame]
) -> None:
    told: list[str] = []
    layout = LAYOUTS["yuv420p"]
    planes = tuple(np.full(shape, 120, np.uint8) for shape in layout.plane_shapes(4320, 7680))
    larger = Picture(planes, layout, Colour(Matrix.BT709))
    with CudaEngine(compact, Cuda(device, timed=False), batches=(1,), notify=told.append) as engine:
        first = engine.prepare(frames[0].picture, VIEWS[1])
        expected = engine.predict([first])
        torch.cuda.empty_cache()
        cramped(0)
        assert np.isfinite(engine.predict([engine.prepare(larger, larger.whole)])).all()
        assert [line for line in told if "the processor makes their inputs" in line]
        assert np.abs(engine.predict([first]) - expected).max() < 2e-3
