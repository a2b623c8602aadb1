"""What the GPU answers, against single precision, piece by piece."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from nets.bundle import Bundle
from nets.engine.cuda import Cuda, CudaEngine
from nets.engine.eager import EagerEngine
from nets.engine.protocol import Maps
from nets.preprocessing import Prepared, prepare
from stream.frame import Frame
from stream.view import ViewFinder

pytestmark = pytest.mark.gpu

MEAN_IN_HALF = 0.005
"""Of a probability, full ensemble: half precision may cost so much on average."""

MOST_IN_SINGLE = 2e-4
"""Of a probability: other algorithms sum in another order."""

LEAST_DICE = 0.99


@pytest.fixture(scope="module")
def resident(compact: Bundle, device: str) -> Iterator[CudaEngine]:
    with CudaEngine(compact, Cuda(device, timed=False), batches=(1, 4)) as engine:
        yield engine


@pytest.fixture(scope="module")
def reference(compact: Bundle, device: str) -> EagerEngine:
    return EagerEngine(compact, device)


def taken(engine: CudaEngine | EagerEngine, frames: list[Frame]) -> list[Prepared]:
    """Frames as an engine wants them."""
    finder = ViewFinder()
    return [engine.prepare(frame.picture, finder.update(frame)) for frame in frames]


def dice(ours: Maps, expected: Maps, threshold: float) -> float:
    one, other = ours > threshold, expected > threshold
    assert other.any(), "nothing to compare"
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def test_the_full_ensemble_is_that_of_single_precision(
    paper: Bundle, device: str, frames: list[Frame]
) -> None:
    prepared = taken(EagerEngine(paper, device), frames[:4])
    expected = EagerEngine(paper, device).predict(prepared)
    torch.cuda.empty_cache()
    with CudaEngine(paper, Cuda(device), batches=(4,)) as engine:
        off = np.abs(engine.predict(prepared) - expected)
    assert expected.std() > 0.01
    assert off.mean() <= MEAN_IN_HALF


def test_masks_of_the_compact_ensemble_are_those_of_single_precision(
    resident: CudaEngine, reference: EagerEngine, frames: list[Frame]
) -> None:
    ours, expected = (engine.predict(taken(engine, frames)) for engine in (resident, reference))
    assert dice(ours, expected, reference.threshold) >= LEAST_DICE


def test_single_precision_is_single_precision(
    compact: Bundle, device: str, reference: EagerEngine, frames: list[Frame]
) -> None:
    prepared = taken(reference, frames[:3])
    with CudaEngine(compact, Cuda(device, timed=False), precision="f32", batches=(1, 2)) as engine:
        for ask in ("predict", "predict_members"):
            off = np.abs(getattr(engine, ask)(prepared) - getattr(reference, ask)(prepared))
            assert off.max() <= MOST_IN_SINGLE


@pytest.mark.parametrize(
    "without", [{"graphs": False}, {"side_by_side": False}, {"channels_last": False}], ids=str
)
def test_recording_and_streams_change_nothing(
    without: dict[str, bool], compact: Bundle, device: str, frames: list[Frame]
) -> None:
    answers = []
    for options in ({}, without):
        accelerator = Cuda(device, timed=False, **options)
        with CudaEngine(compact, accelerator, precision="f32", batches=(1, 4)) as engine:
            answers.append(engine.predict(taken(engine, frames[:6])))
    assert np.abs(answers[0] - answers[1]).max() <= MOST_IN_SINGLE


def test_convolutions_joined_with_their_relu_change_no_mask(
    compact: Bundle, device: str, frames: list[Frame]
) -> None:
    answers = []
    for joined in (True, False):
        accelerator = Cuda(device, timed=False, joined=joined)
        assert (accelerator.convolve is not None) == joined
        with CudaEngine(compact, accelerator, precision="f16", batches=(4,)) as engine:
            answers.append(engine.predict(taken(engine, frames[:8])))
    assert dice(*answers, threshold=0.5) >= LEAST_DICE


def test_the_same_frames_are_answered_the_same_a_hundred_times(
    resident: CudaEngine, frames: list[Frame]
) -> None:
    prepared = taken(resident, frames[:4])
    first = resident.predict(prepared)
    for _ in range(100):  # a stream that does not wait for another shows as a moving answer
        assert np.abs(resident.predict(prepared) - first).max() < 2e-3


def test_planes_are_prepared_as_the_host_does_it(
    resident: CudaEngine, reference: EagerEngine, frames: list[Frame]
) -> None:
    finder = ViewFinder()
    views = [finder.update(frame) for frame in frames]
    by_host = [
        prepare(frame.picture, view, resident.contracts)
        for frame, view in zip(frames, views, strict=True)
    ]
    ours, expected = resident.predict(taken(resident, frames)), resident.predict(by_host)
    assert dice(ours, expected, reference.threshold) >= LEAST_DICE


def test_four_rooms_at_once_each_get_their_own_answer(
    resident: CudaEngine, frames: list[Frame]
) -> None:
    rooms = [taken(resident, [frame]) for frame in frames[:4]]
    expected = [resident.predict(room) for room in rooms]
    together = resident.predict([frame for room in rooms for frame in room])
    assert np.abs(together - np.concatenate(expected)).max() < 2e-2
    with ThreadPoolExecutor(4) as asking:
        for _ in range(20):
            for ours, wanted in zip(asking.map(resident.predict, rooms), expected, strict=True):
                assert np.abs(ours - wanted).max() < 2e-3
