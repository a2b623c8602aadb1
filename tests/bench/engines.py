"""The engine against what anybody gets from the libraries alone, and ways to lift it above them.

All in turn in one run. Beside the time of the clock stands that of the processor, which says
something even where the machine has other work.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from nets.architectures import build
from nets.bundle import Bundle, Member
from nets.engine import named_bundle, open_engine
from nets.engine.eager import load_ensemble
from nets.engine.folds import fold
from nets.engine.openvino_model import convert, converted
from nets.engine.openvino_runtime import openvino
from nets.grid import Fusion
from nets.picture import Rect
from nets.preprocessing import Prepared
from nets.spec import MemberSpec
from tests.bench.grouped import Grouped, Separate

ROUNDS = 20
PICTURES = 8
"""Answered at once where throughput counts."""

ENCODERS = 6
"""Of the compact ensemble, those that see the picture."""


def measure(weights: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """Milliseconds a picture of every way, and the engine's speed in multiples of each."""
    bundle = named_bundle(weights)
    assert bundle is not None
    rng = np.random.default_rng(4)
    picture = [
        rng.integers(0, 256, (1, contract.height, contract.width, 3), dtype=np.uint8)
        for contract in bundle.contracts
    ]
    published = convert(bundle, folded=False)
    model = openvino.Core().read_model(converted(bundle, print))
    float_model = _without_preparation(bundle, 1)
    with (
        open_engine(weights, device="cpu", mode="latency") as soon,
        open_engine(weights, device="cpu", mode="throughput") as many,
    ):
        whole = Rect(0, 0, bundle.grid.width, bundle.grid.height)
        prepared = Prepared(tuple(made[0] for made in picture), whole, whole)
        one: dict[str, Callable[[], object]] = {
            "engine": lambda: soon.predict([prepared]),
            "plain OpenVINO": _plain(published, picture, "LATENCY"),
            "plain OpenVINO, folded": _plain(model, picture, "LATENCY"),
            "preparation outside the graph": _outside(float_model, picture, bundle),
            "five compiled models": _five(bundle, picture),
        }
        runtime = _onnx_runtime(bundle, picture, folder)
        if runtime is not None:
            one["ONNX Runtime"] = runtime
        several: dict[str, Callable[[], object]] = {
            "engine": lambda: many.predict([prepared] * PICTURES),
            "plain OpenVINO": _queue(published, picture, {"PERFORMANCE_HINT": "THROUGHPUT"}),
            "plain OpenVINO, folded": _queue(model, picture, {"PERFORMANCE_HINT": "THROUGHPUT"}),
            "2 streams of 1 thread": _queue(model, picture, _streams(2, 2)),
            "1 stream of 2 threads": _queue(model, picture, _streams(1, 2)),
            f"a batch of {PICTURES}": _outside(
                _without_preparation(bundle, PICTURES),
                [np.repeat(made, PICTURES, 0) for made in picture],
                bundle,
            ),
        }
        found = {"one picture": _in_turn(one, 1)}
        print(found, flush=True)  # what follows takes a while
        found["several"] = _in_turn(several, PICTURES)
    if weights == ():
        encoders = _encoders(bundle, picture)
        found[f"{ENCODERS} encoders"] = _in_turn(encoders, 1)
    return found


def _in_turn(ways: dict[str, Callable[[], object]], pictures: int) -> dict[str, Any]:
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    order = list(ways.items())
    for number in range(ROUNDS + 1):
        order.append(order.pop(0))  # so that none always follows the one that empties the caches
        for name, work in order:
            clock, processor = time.perf_counter(), time.process_time()
            work()
            if number:  # the first round warms up
                spent = time.perf_counter() - clock, time.process_time() - processor
                taken[name].append(spent)
    medians = {
        name: [1e3 * statistics.median(column) / pictures for column in zip(*runs, strict=True)]
        for name, runs in taken.items()
    }
    first = next(iter(medians.values()))
    return {
        name: {
            "ms": clock,
            "processor_ms": processor,
            "engine_is_faster_by": clock / first[0],
            "by_processor_time": processor / first[1],
        }
        for name, (clock, processor) in medians.items()
    }


def _plain(model: Any, picture: Any, hint: str) -> Callable[[], object]:
    """What OpenVINO's own quick start does."""
    compiled = openvino.Core().compile_model(model, "CPU", {"PERFORMANCE_HINT": hint})
    return lambda: np.array(compiled(picture)[0])


def _streams(streams: int, threads: int) -> dict[str, Any]:
    return {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": threads}


def _queue(model: Any, picture: Any, config: dict[str, Any]) -> Callable[[], object]:
    """What OpenVINO's own guide to throughput does."""
    queue = openvino.AsyncInferQueue(openvino.Core().compile_model(model, "CPU", config))
    answers: dict[int, Any] = {}

    def keep(request: Any, number: int) -> None:
        answers[number] = request.get_output_tensor(0).data.copy()

    queue.set_callback(keep)

    def work() -> object:
        for number in range(PICTURES):
            queue.start_async(picture, number)
        queue.wait_all()
        return answers

    return work


def _without_preparation(bundle: Bundle, pictures: int) -> Any:
    """The ensemble's folded graph from (pictures, 3, h, w) float for each contract."""
    ensemble = load_ensemble(bundle)
    fold(ensemble, enlarging_from=1)

    size = bundle.grid.height, bundle.grid.width

    class Fused(torch.nn.Module):
        def forward(self, *images: torch.Tensor) -> torch.Tensor:
            maps = [
                member(images[place])[:, 1:]
                for member, place in zip(ensemble.members, ensemble.of_member, strict=True)
            ]
            return torch.stack(
                [it if it.shape[2:] == size else functional.interpolate(it, size) for it in maps]
            ).mean(0)

    examples = [
        torch.zeros(pictures, 3, contract.height, contract.width) for contract in bundle.contracts
    ]
    return _exported(Fused().eval(), *examples)


def _exported(module: torch.nn.Module, *examples: torch.Tensor) -> Any:
    with torch.no_grad():
        model = openvino.convert_model(torch.export.export(module, examples))
    model.reshape({number: list(example.shape) for number, example in enumerate(examples)})
    return model


def _outside(model: Any, picture: Any, bundle: Bundle) -> Callable[[], object]:
    compiled = openvino.Core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    affine = [contract.affine() for contract in bundle.contracts]

    def work() -> object:
        images = [
            np.ascontiguousarray((made * scale + offset).transpose(0, 3, 1, 2))
            for made, (scale, offset) in zip(picture, affine, strict=True)
        ]
        return np.array(compiled(images)[0])

    return work


def _five(bundle: Bundle, picture: Any) -> Callable[[], object]:
    """Each member compiled alone, one after another, their mean by numpy."""
    core = openvino.Core()

    def alone(member: Member) -> Any:
        single = Bundle(member.name, (member,), bundle.grid, Fusion(), bundle.threshold)
        return core.compile_model(convert(single), "CPU", {"PERFORMANCE_HINT": "LATENCY"})

    compiled = [
        (alone(member), picture[bundle.contracts.index(member.header.spec.preprocessing)])
        for member in bundle.members
    ]
    return lambda: np.mean([model([made])[0] for model, made in compiled], axis=0)


def _onnx_runtime(bundle: Bundle, picture: Any, folder: Path) -> Callable[[], object] | None:
    """The whole ensemble exported to ONNX, where the libraries for it are installed."""
    try:
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError:
        return None
    example = (torch.tensor([[0.0, 0.0, 1.0, 1.0]]), *map(torch.from_numpy, picture))
    path = folder / "ensemble.onnx"
    torch.onnx.export(load_ensemble(bundle), example, path, dynamo=True)
    options = onnxruntime.SessionOptions()
    # Its threads would spin on while the next way's turn has come.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    arrays = [tensor.numpy() for tensor in example][-len(inputs) :]
    feed = {it.name: array for it, array in zip(inputs, arrays, strict=True)}
    return lambda: session.run(None, feed)[0]


def _encoders(bundle: Bundle, picture: Any) -> dict[str, Callable[[], object]]:
    """Encoders of one kind, one after another and joined."""
    spec: MemberSpec = next(m for m in bundle.members if m.name == "unetplusplus").header.spec
    encoders: Sequence[Any] = [build(spec).get_submodule("encoder") for _ in range(ENCODERS)]
    image = torch.from_numpy(picture[0].transpose(0, 3, 1, 2) / np.float32(255))
    ways: dict[str, Callable[[], object]] = {}
    modules = {"one after another": Separate(encoders), "grouped": Grouped(encoders)}
    answers = []
    for name, module in modules.items():
        module.eval()
        model = _exported(module, image)
        compiled = openvino.Core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        ways[name] = lambda compiled=compiled: compiled([image.numpy()])[0]  # type: ignore[misc]
        answers.append(compiled([image.numpy()])[0])
    assert np.allclose(*answers, atol=1e-3)
    return ways
