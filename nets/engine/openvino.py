"""The ensemble on a CPU (or an Intel GPU) by OpenVINO, compiled once and cached.

The first use of a set of weights converts them with PyTorch and keeps the result; from then on
neither torch nor smp is imported. The cache can be deleted at any time.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import openvino

from nets.bundle import Bundle
from nets.engine.protocol import Maps, OnHost, view_shares
from nets.errors import EngineError
from nets.preprocessing import Prepared

CONVERSION = 1
"""Raised when the exported graph changes, so that cached ones are made anew."""

Mode = Literal["latency", "throughput"]


def cache_folder() -> Path:
    """Where converted and compiled models are kept: `DIVERGENT_CACHE`, or the user's cache."""
    named = os.environ.get("DIVERGENT_CACHE")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "divergentnets"


class OpenVinoEngine(OnHost):
    """One compiled graph of all members with their preprocessing; see `Engine`.

    Args:
        bundle: the ensemble.
        mode: `latency` answers one picture soonest, `throughput` most pictures a second.
        precision: `auto` (bf16 where the processor has it), `f32` or `bf16`.
        device: OpenVINO's name of it.
        notify: told before something that takes long.
    """

    def __init__(
        self,
        bundle: Bundle,
        mode: Mode = "latency",
        precision: str = "auto",
        device: str = "CPU",
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = bundle.name
        self.card = bundle.card
        self.contracts = bundle.contracts
        self.grid = bundle.grid
        self.threshold = bundle.threshold
        self.members = tuple(member.name for member in bundle.members)
        core = openvino.Core()
        folder = cache_folder()
        config: dict[str, Any] = {
            "PERFORMANCE_HINT": mode.upper(),
            "CACHE_DIR": str(folder / "compiled"),
        }
        if precision != "auto":
            config["INFERENCE_PRECISION_HINT"] = precision
        try:
            self._compiled = core.compile_model(_converted(bundle, folder, notify), device, config)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO on {device}: {str(error).splitlines()[0]}") from error
        arithmetic = self._compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
        self.runs_on = f"{device}, OpenVINO {arithmetic}"
        wanted = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._requests = [self._compiled.create_infer_request() for _ in range(max(1, wanted))]
        self.batch = len(self._requests)

    def predict(self, pictures: Sequence[Prepared]) -> Maps:
        """Fused probability; shape as the protocol says."""
        return self._run(pictures, 0)

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
        for start in range(0, len(pictures), len(self._requests)):
            group = pictures[start : start + len(self._requests)]
            busy = self._requests[: len(group)]
            for request, picture in zip(busy, group, strict=True):
                tensors = [view_shares([picture]), *(array[None] for array in picture.inputs)]
                tensors = tensors[-len(self._compiled.inputs) :]
                request.start_async(
                    {index: openvino.Tensor(tensor) for index, tensor in enumerate(tensors)}
                )
            for request in busy:
                request.wait()
                answers.append(np.array(request.get_output_tensor(output).data[0], np.float32))
        return np.stack(answers)


def _converted(bundle: Bundle, folder: Path, notify: Callable[[str], None]) -> Path:
    """The bundle as an OpenVINO model on disk, converted now if it never was."""
    version = openvino.__version__.split("-")[0]
    model = folder / "models" / f"{bundle.fingerprint()}-{CONVERSION}-{version}" / "model.xml"
    if model.exists():
        return model
    notify(f"preparing {bundle.name} for this machine, once")
    import torch

    from nets.engine.eager import load_ensemble

    example = (
        torch.tensor([[0.0, 0.0, 1.0, 1.0]]),
        *(
            torch.zeros(1, contract.height, contract.width, 3, dtype=torch.uint8)
            for contract in bundle.contracts
        ),
    )
    with torch.no_grad():
        exported = torch.export.export(load_ensemble(bundle), example)
    converted = openvino.convert_model(exported)
    # The converter drops the views where no member's extent differs from the grid's.
    kept = example[-len(converted.inputs) :]
    converted.reshape({index: list(tensor.shape) for index, tensor in enumerate(kept)})
    # Made aside and moved, so that two programs starting at once both find a whole model.
    aside = model.parent.with_name(f"{model.parent.name}.partial.{os.getpid()}")
    try:
        aside.mkdir(parents=True, exist_ok=True)
        openvino.save_model(converted, aside / "model.xml", compress_to_fp16=False)
        if not model.parent.exists():
            aside.rename(model.parent)
    except OSError as error:
        raise EngineError(
            f"{folder}: the converted model cannot be kept ({error.strerror}): set "
            "DIVERGENT_CACHE to a folder that can be written"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return model
