"""The ensemble on a CPU (or an Intel GPU) by OpenVINO, compiled once and cached.

The first use of a set of weights converts them with PyTorch and keeps the result; from then on
neither torch nor smp is imported. What is kept can be deleted at any time.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nets.bundle import Bundle
from nets.cache import cache_folder
from nets.certainty import settled
from nets.engine.openvino_memory import pictures_at_once
from nets.engine.openvino_model import converted, quantised
from nets.engine.openvino_runtime import openvino
from nets.engine.protocol import Maps, OnHost, view_shares
from nets.errors import EngineError
from nets.memory import available_bytes
from nets.preprocessing import Prepared

Mode = Literal["latency", "throughput"]

IN_TURN = 4
"""Pictures that each request answers in turn before throughput waits for all of them."""

PRECISIONS = ("auto", "f32", "bf16", "int8")


class OpenVinoEngine(OnHost):
    """One compiled graph of all members with their preprocessing; see `Engine`.

    Args:
        bundle: the ensemble.
        mode: `latency` answers one picture soonest, `throughput` most pictures a second.
        precision: `auto` (bf16 where the processor has it, f32 elsewhere), `f32`, `bf16`, or
            `int8` where the bundle holds a quantised model.
        device: OpenVINO's name of it.
        notify: told before something that takes long, and of what is done without.

    Raises:
        CheckpointError: a member cannot be read.
        EngineError: the device or its memory cannot run them, or there is no such precision.
    """

    def __init__(
        self,
        bundle: Bundle,
        mode: Mode = "latency",
        precision: str = "auto",
        device: str = "CPU",
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        if precision not in PRECISIONS:
            raise EngineError(f"{precision}: OpenVINO computes in {', '.join(PRECISIONS[1:])}")
        self.name = bundle.name
        self.card = bundle.card
        self.contracts = bundle.contracts
        self.grid = bundle.grid
        self.threshold, self.certainty = bundle.threshold, bundle.certainty
        self.members = tuple(member.name for member in bundle.members)
        self._compiled = _compiled(bundle, mode, precision, device, notify)
        kind = str(self._compiled.get_property("INFERENCE_PRECISION_HINT").to_string())
        if precision == "bf16" and kind != "bf16":
            notify(f"warning: this processor has no bf16, {bundle.name} runs in {kind}")
        self.device, self.arithmetic = "cpu", "int8" if precision == "int8" else kind
        self.runs_on = f"{device}, OpenVINO {self.arithmetic}"
        wanted = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._requests = [self._compiled.create_infer_request() for _ in range(max(1, wanted))]
        self.batch = len(self._requests) * (IN_TURN if mode == "throughput" else 1)

    def predict(self, pictures: Sequence[Prepared]) -> Maps:
        """Fused probability; shape as the protocol says."""
        return settled(self._run(pictures, 0), self.threshold, self.certainty)

    def predict_members(self, pictures: Sequence[Prepared]) -> Maps:
        """Each member's probability; shape as the protocol says."""
        return self._run(pictures, 1)

    def close(self) -> None:
        """Let the compiled model go."""
        self._requests.clear()
        del self._compiled

    def _run(self, pictures: Sequence[Prepared], output: int) -> Maps:
        """Pictures side by side, one a request: on a CPU that is faster than one batch."""
        answers: list[Maps] = []
        free, busy = deque(self._requests), deque[Any]()

        def collect() -> None:
            request = busy.popleft()
            request.wait()
            # A copy: the next picture's answer will lie in the same memory.
            answers.append(np.array(request.get_output_tensor(output).data[0], np.float32))
            free.append(request)

        try:
            for picture in pictures:
                if not free:
                    collect()
                request = free.popleft()
                arrays = model_inputs(picture, len(self._compiled.inputs))
                request.start_async({n: openvino.Tensor(array) for n, array in enumerate(arrays)})
                busy.append(request)
            while busy:
                collect()
        except (RuntimeError, MemoryError) as error:
            raise EngineError(f"{self.name} on {self.runs_on}: {_reason(error)}") from error
        return np.stack(answers)


def model_inputs(picture: Prepared, count: int) -> list[Any]:
    """A picture as the converted graph wants it, a batch of one.

    Args:
        picture: prepared for the graph's contracts.
        count: of the graph's inputs; one that needs no views has no input for them.
    """
    return [view_shares([picture]), *(array[None] for array in picture.inputs)][-count:]


def _compiled(
    bundle: Bundle, mode: Mode, precision: str, device: str, notify: Callable[[str], None]
) -> Any:
    """The graph, compiled for a device or read from the cache.

    Raises:
        EngineError: it cannot be, or memory does not suffice.
    """
    core = openvino.Core()
    kind = precision
    if precision not in ("f32", "bf16"):
        kind = core.get_property(device, "INFERENCE_PRECISION_HINT").to_string()
    config: dict[str, Any] = {
        "PERFORMANCE_HINT": mode.upper(),
        "INFERENCE_PRECISION_HINT": kind,
        "CACHE_DIR": str(_kept_for(core, device, kind)),
    }
    most = len(os.sched_getaffinity(0)) if mode == "throughput" else 1
    for attempt in ("first", "last"):
        model = quantised(bundle) if precision == "int8" else converted(bundle, notify)
        try:
            fit = _fitting(bundle, model, most, notify)
            if fit < most:
                config["NUM_STREAMS"] = fit
            return core.compile_model(model, device, config)
        except (OSError, RuntimeError, MemoryError) as error:
            # Somebody may have emptied the cache since the model was found in it.
            if attempt == "last" or model.exists():
                raise EngineError(f"OpenVINO on {device}: {_reason(error)}") from error
    raise AssertionError


def _kept_for(core: Any, device: str, kind: str) -> Path:
    """Where graphs lie that were compiled for such a device and precision.

    OpenVINO's own key knows neither: a graph that was compiled for single precision is taken for
    bf16 as well, where its answers are wrong without a word.
    """
    told = [
        core.get_property(device, name)
        for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")
    ]
    digest = hashlib.sha256(repr(told).encode()).hexdigest()[:8]
    return cache_folder() / "compiled" / f"{device}-{kind}-{digest}"


def _fitting(bundle: Bundle, model: Path, most: int, notify: Callable[[str], None]) -> int:
    weights = model.with_suffix(".bin").stat().st_size
    samples = max(contract.height * contract.width for contract in bundle.contracts)
    return pictures_at_once(bundle.name, weights, samples, most, available_bytes(), notify)


def _reason(error: Exception) -> str:
    """The last line that says something: those before are places in OpenVINO's sources."""
    if isinstance(error, MemoryError) or "alloc" in str(error):
        return "memory does not suffice: end other programs, or name fewer members"
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
