"""An ensemble as an OpenVINO model on disk: converted once with PyTorch, then kept.

What is kept is keyed by the weights' digest and the library's version, and can be deleted at any
moment, even while engines run from it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nets.bundle import Bundle
from nets.cache import cache_folder, kept_whole
from nets.description import digest_of_model
from nets.engine.openvino_runtime import openvino
from nets.errors import EngineError

if TYPE_CHECKING:
    from torch import Tensor, nn

CONVERSION = 3
"""Raised when the exported graph changes, so that kept ones are made anew."""

MODEL = "model.xml"


def converted(bundle: Bundle, notify: Callable[[str], None]) -> Path:
    """The bundle's model on disk, converted now if it never was.

    Args:
        bundle: the ensemble.
        notify: told before the conversion, which takes long and imports PyTorch.

    Raises:
        CheckpointError: a member cannot be read.
        EngineError: the model cannot be kept.
    """
    version = openvino.__version__.split("-")[0]
    folder = cache_folder() / "models" / f"{bundle.fingerprint()}-{CONVERSION}-{version}"
    if not (folder / MODEL).exists():
        notify(f"preparing {bundle.name} for this machine, once")
        with kept_whole(folder) as partial:
            openvino.save_model(convert(bundle), partial / MODEL, compress_to_fp16=False)
    return folder / MODEL


def quantised(bundle: Bundle) -> Path:
    """The int8 model that lies in a bundle.

    Raises:
        EngineError: there is none, or it was made of other weights.
    """
    found = bundle.quantised
    if found is None:
        raise EngineError(
            f"{bundle.name} holds no int8 model: make one with `divergent-train quantise`, or "
            "choose another precision"
        )
    if found.weights != bundle.fingerprint():
        raise EngineError(
            f"{found.model}: made of other weights than {bundle.name} has now: make it anew with "
            "`divergent-train quantise`"
        )
    try:
        whole = digest_of_model(found.model) == found.sha256
    except OSError as error:
        raise EngineError(f"{found.model}: {error.strerror}") from error
    if not whole:
        raise EngineError(
            f"{found.model}: has changed since it was written: make it anew with "
            "`divergent-train quantise`"
        )
    return found.model


def convert(bundle: Bundle, *, folded: bool = True, enlarging_from: int = 1) -> Any:
    """The whole ensemble as one `openvino.Model`: preparation, members and fusion.

    Args:
        bundle: the ensemble.
        folded: with `nets.engine.folds`, or its networks as published.
        enlarging_from: of `fold`.

    Returns:
        Its inputs are (1, 4) float32 views, left out where no member needs them, and a (1, h, w,
        3) uint8 picture for each contract; its outputs the fused and the members' maps.
    """
    import torch

    from nets.engine.eager import load_ensemble
    from nets.engine.folds import fold

    ensemble = load_ensemble(bundle)
    if folded:
        fold(ensemble, enlarging_from=enlarging_from)
    example = (
        torch.tensor([[0.0, 0.0, 1.0, 1.0]]),
        *(
            torch.zeros(1, contract.height, contract.width, 3, dtype=torch.uint8)
            for contract in bundle.contracts
        ),
    )
    model = as_openvino(ensemble, example)
    # The converter drops the views where no member's extent differs from the grid's.
    kept = example[-len(model.inputs) :]
    model.reshape({index: list(tensor.shape) for index, tensor in enumerate(kept)})
    return model


def as_openvino(
    module: "nn.Module", example: "tuple[Tensor, ...]", dynamic_shapes: Any = None
) -> Any:
    """A module as an `openvino.Model`.

    Args:
        module: in evaluation mode.
        example: its inputs.
        dynamic_shapes: which of their sizes may be others, as `torch.export` takes it.
    """
    import torch

    with torch.no_grad():
        exported = torch.export.export(module, example, dynamic_shapes=dynamic_shapes)
    return openvino.convert_model(exported)
