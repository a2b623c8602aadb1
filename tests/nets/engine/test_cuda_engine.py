"""The resident engine's own ways, on the processor: recordings, batches, memory, precision."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from nets.bundle import Bundle, read_weights, write_bundle
from nets.engine.cuda import Cuda, CudaEngine
from nets.engine.cuda.accelerator import Plain, Work
from nets.engine.cuda.engine import MOST_KINDS
from nets.engine.cuda.intake import PlanesIntake, kind_of
from nets.engine.cuda.precision import asked_precision, closest_precision
from nets.engine.cuda.resident import Resident
from nets.ensemble import DivergentNets
from nets.errors import EngineError
from nets.grid import Grid
from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from nets.preprocessing import Prepared, Preprocessing

ROUNDING = 2e-5  # of a probability in single precision


class Replaying(Plain):
    """Repeats nothing but the operations it saw, on the memory they were done on: as a graph."""

    def record(self, work: Work) -> Work:
        work()
        return make_fx(lambda: work())()  # noqa: PLW0108 (a method's self counts as an argument)


class Cramped(Plain):
    """Has no memory for some of the recordings that are asked of it, by their number."""

    def __init__(self, *without: int) -> None:
        self.without, self.asked, self.let_go_of = without, 0, 0

    def record(self, work: Work) -> Work:
        self.asked += 1
        if self.asked - 1 in self.without:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB.")
        return super().record(work)

    def let_go(self) -> None:
        self.let_go_of += 1


@pytest.fixture(scope="module")
def plain(
    mixed_members: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CudaEngine]:
    """Three members with three contracts."""
    folder = tmp_path_factory.mktemp("bundle") / "mixed"
    bundle = write_bundle(folder, {path.stem: path for path in mixed_members})
    with CudaEngine(bundle, Plain(), precision="f32", batches=(1, 2)) as engine:
        yield engine


@pytest.fixture(scope="module")
def single(member: Path) -> Bundle:
    """One member."""
    return read_weights([member])


@pytest.fixture(scope="module")
def alone(single: Bundle) -> Iterator[CudaEngine]:
    with CudaEngine(single, Plain(), precision="f32", batches=(1, 2)) as engine:
        yield engine


def frame(seed: int, height: int = 120, width: int = 160, layout: str = "yuv420p") -> Picture:
    dice = np.random.default_rng(seed)
    kind = LAYOUTS[layout]
    shapes = kind.plane_shapes(height, width)
    planes = tuple(dice.integers(90, 160, shape, dtype=np.uint8) for shape in shapes)
    return Picture(planes, kind, Colour(Matrix.BT709 if seed % 3 else Matrix.BT601))


def room(engine: CudaEngine, seed: int, **kind: int | str) -> Prepared:
    """A frame with a view of its own."""
    return engine.prepare(frame(seed, **kind), Rect(2 * (seed % 5), 4 * (seed % 3), 100, 90))  # type: ignore[arg-type]


def one_by_one(engine: CudaEngine, frames: list[Prepared]) -> np.ndarray:
    return np.concatenate([engine.predict([it]) for it in frames])


class Member(torch.nn.Module):
    """A network of one convolution."""

    def __init__(self, gain: float = 1.0, offset: float = 0.0) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 2, 3, padding=1, bias=False)
        self.gain, self.offset = gain, offset

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        scores = self.convolution(image) * self.gain + self.offset
        return ((scores - self.offset) / self.gain).softmax(1)


CONTRACTS = (
    Preprocessing(height=32, width=32),
    Preprocessing(height=32, width=48, resize="bilinear", extent="frame"),
)


def ensemble(*members: Member) -> DivergentNets:
    contracts = [CONTRACTS[number % 2] for number in range(len(members))]
    return DivergentNets(members, contracts, Grid.of(CONTRACTS[0])).eval()


def test_recorded_work_answers_frames_that_it_has_not_seen() -> None:
    torch.manual_seed(0)
    networks = ensemble(Member(), Member())
    answers = []
    for device in (Plain(), Replaying()):
        with device.at_work():
            resident = Resident(networks, (1, 3), device, notify=pytest.fail)
            kind = kind_of(frame(0))
            intake = PlanesIntake(kind, networks.contracts, torch.float32, device)
            maps = []
            for batch in ((1, 2, 3), (4,), (5, 6)):
                for place, seed in enumerate(batch):
                    picture, view = frame(seed), Rect(2 * seed, 4, 100, 90)
                    intake.take(Prepared((), view, picture.whole, picture))
                    resident.views[place].copy_(intake.view)
                    for inputs, made in zip(resident.inputs, intake.inputs, strict=True):
                        inputs[place].copy_(made)
                resident.run(len(batch))
                maps += [resident.fetch(len(batch), which)() for which in ("fused", "members")]
        answers.append(maps)
    for eager, replayed in zip(*answers, strict=True):
        assert np.abs(eager - replayed).max() < ROUNDING
    assert np.abs(answers[0][0][0] - answers[0][0][1]).max() > 1e-3


def test_frames_of_all_kinds_are_answered_in_their_order(plain: CudaEngine) -> None:
    kinds = [{}, {"height": 98}, {"layout": "nv12"}, {}, {"layout": "yuv444p"}, {}, {"width": 131}]
    frames = [room(plain, seed, **kind) for seed, kind in enumerate(kinds)]
    together = plain.predict(frames)
    assert together.shape == (7, plain.grid.height, plain.grid.width)
    assert np.abs(together - one_by_one(plain, frames)).max() < ROUNDING
    assert np.abs(together[0] - together[3]).max() > 1e-3


def test_an_archive_of_many_sizes_is_answered_like_one_of_few(plain: CudaEngine) -> None:
    frames = [room(plain, 1, height=100 + 2 * n) for n in range(MOST_KINDS + 3)]
    first = plain.predict(frames)
    assert np.array_equal(first, plain.predict(frames))


def test_rooms_that_ask_at_once_each_get_their_own_answer(plain: CudaEngine) -> None:
    asked = [[room(plain, 10 * n + k) for k in range(1 + n % 3)] for n in range(4)]
    expected = [one_by_one(plain, frames) for frames in asked]
    with ThreadPoolExecutor(4) as rooms:
        for _ in range(3):
            for ours, wanted in zip(rooms.map(plain.predict, asked), expected, strict=True):
                assert np.abs(ours - wanted).max() < ROUNDING


def test_an_answer_is_the_callers_to_keep(plain: CudaEngine) -> None:
    first = plain.predict([room(plain, 1)])
    kept = first.copy()
    plain.predict([room(plain, seed) for seed in (2, 3, 4, 5, 6)])
    assert np.array_equal(first, kept)


def test_too_little_memory_makes_batches_smaller_and_says_so(
    single: Bundle, alone: CudaEngine
) -> None:
    told: list[str] = []
    device = Cramped(0, 1)
    with CudaEngine(
        single, device, precision="f32", batches=(1, 2, 4, 8), notify=told.append
    ) as engine:
        assert engine.batch == 2
        assert device.let_go_of == 2
        assert told[-1] == (
            "warning: the memory of CPU suffices for 2 frames at once, not for 8: "
            "going on with fewer"
        )
        frames = [room(engine, seed) for seed in range(5)]
        assert np.abs(engine.predict(frames) - alone.predict(frames)).max() < ROUNDING


def test_no_memory_for_one_frame_is_one_clear_line(single: Bundle) -> None:
    before = threading.active_count()
    with pytest.raises(EngineError, match=r"^the memory of CPU does not suffice: .*--device cpu$"):
        CudaEngine(single, Cramped(0, 1), precision="f32", batches=(1, 2))
    assert threading.active_count() == before


def test_without_memory_for_a_new_size_of_frame_the_host_makes_the_inputs(
    single: Bundle, alone: CudaEngine
) -> None:
    told: list[str] = []
    with CudaEngine(
        single, Cramped(1), precision="f32", batches=(2,), notify=told.append
    ) as engine:
        frames = [room(engine, seed) for seed in range(3)]
        answers = engine.predict(frames)
        assert [line for line in told if "warning" in line] == [
            "warning: the memory of CPU does not suffice for yuv420p frames of 160x120: "
            "the processor makes their inputs"
        ]
        # The host's inputs differ by a level here and there.
        assert np.abs(answers - alone.predict(frames)).mean() < 0.02


def test_what_a_device_refuses_in_the_middle_is_one_clear_line(single: Bundle) -> None:
    class Failing(Plain):
        def record(self, work: Work) -> Work:
            work()

            def fail() -> None:
                raise torch.AcceleratorError("CUDA error: unspecified launch failure\nCompile")

            return fail

    with (
        CudaEngine(single, Failing(), precision="f32", batches=(1,)) as engine,
        pytest.raises(EngineError, match=r"^CPU failed: CUDA error: unspecified launch failure$"),
    ):
        engine.predict([room(engine, 1)])


def test_half_precision_is_chosen_by_asking_and_said(single: Bundle, alone: CudaEngine) -> None:
    with CudaEngine(single, Plain(), batches=(1,)) as engine:
        assert engine.arithmetic == "f16"
        assert engine.runs_on.startswith("CPU, PyTorch f16 (from f32 on average: f16 ")
        frames = [room(engine, seed) for seed in range(2)]
        assert np.abs(engine.predict(frames) - alone.predict(frames)).mean() < 0.005


@pytest.mark.parametrize(
    ("gain", "offset", "expected"), [(1.0, 0.0, "f16"), (1e7, 0.0, "bf16"), (1.0, 3e4, "f32")]
)
def test_the_precision_that_agrees_better_is_taken(
    gain: float, offset: float, expected: str
) -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        exact, running = ensemble(Member()), ensemble(Member(gain, offset))
        running.load_state_dict(exact.state_dict())
        kind, differences = closest_precision(exact, running, Plain())
    assert kind == asked_precision(expected, Plain())
    assert set(differences) == {torch.float16, torch.bfloat16}


def test_a_precision_that_is_not_there_is_one_clear_line(single: Bundle) -> None:
    class Older(Plain):
        halves = (torch.float16,)

    with pytest.raises(EngineError, match="precision f8 is none of auto, f16, bf16, f32"):
        CudaEngine(single, Plain(), precision="f8")
    with pytest.raises(EngineError, match="CPU has no arithmetic for bf16: use --precision auto"):
        CudaEngine(single, Older(), precision="bf16")


def test_closing_twice_is_no_fault(single: Bundle) -> None:
    before = threading.active_count()
    engine = CudaEngine(single, Plain(), precision="f32", batches=(1,))
    with engine:
        engine.close()
    assert threading.active_count() == before


def test_a_machine_without_a_gpu_says_so() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(EngineError, match="cuda:1: there is no CUDA device here: use --device cpu"):
        Cuda("cuda:1")


def test_fewer_frames_than_any_recorded_batch_are_answered(
    single: Bundle, alone: CudaEngine
) -> None:
    with CudaEngine(single, Plain(), precision="f32", batches=(4,)) as engine:
        frames = [room(engine, seed) for seed in range(3)]
        assert np.abs(engine.predict(frames) - alone.predict(frames)).max() < ROUNDING
