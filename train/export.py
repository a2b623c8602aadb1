"""An ensemble as a file for other programs: ONNX, or OpenVINO IR, with its facts in it."""

import json
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from nets.bundle import Bundle
from nets.engine.openvino_model import as_openvino
from nets.engine.openvino_runtime import openvino
from nets.extras import require
from nets.portable.graph import PortableEnsemble
from nets.portable.probe import Asked, largest_difference
from train.errors import TrainingError

KEY = "divergentnets"
"""Under this the files have the ensemble's facts, as JSON."""

INPUTS, OUTPUTS = ["frame", "view"], ["mask", "probability", "members"]

OPSET = 20
"""Of ONNX: the first that resamples one grid on another as PyTorch does."""

LARGEST_ONNX = 2**31 - 2**20
"""Bytes that one ONNX file can hold, less some for its graph."""

Write = Callable[[PortableEnsemble, Bundle, Path], None]


def export(bundle: Bundle, path: Path) -> float:
    """Write an ensemble for other programs, whole or not at all, and run it once.

    Args:
        bundle: the ensemble.
        path: `.onnx`, or `.xml` with a `.bin` beside it; what has these names is replaced.

    Returns:
        The largest difference of a probability from PyTorch's, on some probe pictures.

    Raises:
        MissingExtraError: the libraries that write ONNX are not installed.
        TrainingError: there is no such format, or the file cannot be written.
        CheckpointError: a member cannot be read.
    """
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise TrainingError(
            f"{path}: end its name in .onnx for ONNX or in .xml for OpenVINO IR, or name a --member"
        )
    if write is write_onnx:
        require("onnx", "export", "ONNX")
        require("onnxscript", "export", "ONNX")
    ensemble = PortableEnsemble(bundle).eval()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=".export-") as aside:
            write(ensemble, bundle, Path(aside) / path.name)
            difference = _difference(ensemble, Path(aside) / path.name)
            # The graph last: its name must not stand for half of it.
            for file in sorted(Path(aside).iterdir(), key=lambda file: file.suffix == path.suffix):
                file.replace(path.with_name(file.name))
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written ({error.strerror or error})") from error
    return difference


def write_onnx(ensemble: PortableEnsemble, bundle: Bundle, path: Path) -> None:
    """One file with graph and weights; the facts are in its metadata."""
    size = sum(tensor.nbytes for tensor in ensemble.state_dict().values())
    if size > LARGEST_ONNX:
        raise TrainingError(f"{path}: {size / 1e9:.1f} GB do not fit ONNX: export to .xml")
    asked = Asked.example()
    with torch.no_grad(), warnings.catch_warnings():
        # One name for both inputs' batch is meant; and the exporter's own deprecations.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            ensemble,
            asked.tensors,
            dynamo=True,
            opset_version=OPSET,
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_shapes=asked.dynamic_shapes,
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props[KEY] = json.dumps(facts(bundle))
    program.model.producer_name, program.model.producer_version = KEY, version(KEY)
    program.save(str(path), external_data=False)


def write_openvino(ensemble: PortableEnsemble, bundle: Bundle, path: Path) -> None:
    """The graph, and its weights in a `.bin` beside it; the facts are in the graph's rt_info."""
    asked = Asked.example()
    model = as_openvino(ensemble, asked.tensors, asked.dynamic_shapes)
    for names, ports in ((INPUTS, model.inputs), (OUTPUTS, model.outputs)):
        for name, port in zip(names, ports, strict=True):
            port.get_tensor().set_names({name})
            port.get_node().set_friendly_name(name)
    model.reshape({"frame": [-1, -1, -1, 3], "view": [-1, 4]})
    model.set_rt_info(json.dumps(facts(bundle)), [KEY])
    openvino.save_model(model, path, compress_to_fp16=False)


WRITERS: dict[str, Write] = {".onnx": write_onnx, ".xml": write_openvino}


def facts(bundle: Bundle) -> dict[str, Any]:
    """What a file says of the ensemble in it."""
    grid = bundle.grid
    return {
        "format_version": 1,
        "name": bundle.name,
        "weights": bundle.fingerprint(),
        "program": f"divergentnets {version('divergentnets')}",
        "use": "research software, not a medical device",
        "threshold": bundle.threshold,
        "certainty": bundle.certainty,
        "grid": {"height": grid.height, "width": grid.width, "extent": grid.extent},
        "members": {
            member.name: member.header.spec.preprocessing.as_dict() for member in bundle.members
        },
    }


def _difference(ensemble: PortableEnsemble, path: Path) -> float:
    """The largest difference from PyTorch; OpenVINO reads both formats."""
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(frame: Any, view: Any) -> Any:
        return compiled({"frame": frame, "view": view})["probability"]

    return largest_difference(ensemble, run)
