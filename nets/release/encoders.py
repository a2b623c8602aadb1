"""Which of the library's encoders a file's encoder is: the one with just these tensors."""

import warnings
from functools import lru_cache

import segmentation_models_pytorch as smp
import torch

from nets.errors import ReleaseError
from nets.release import names

Shapes = dict[str, tuple[int, ...]]


def find_encoder(kind: str, shapes: Shapes) -> str:
    """The library's name of an encoder.

    Args:
        kind: full name of its class.
        shapes: of its tensors, by their names in it.

    Raises:
        ReleaseError: it is none of those that are known.
    """
    candidates = names.ENCODERS.get(kind)
    if candidates is None:
        raise ReleaseError(f"its encoder is a {kind}, which is not supported")
    found = {key: _but_inputs(shape) for key, shape in shapes.items()}
    for name in candidates:
        if _shapes_of(name) == found:
            return name
    raise ReleaseError(
        f"its encoder is a {kind.rpartition('.')[2]}, but none of {', '.join(candidates)}"
    )


@lru_cache
def _shapes_of(name: str) -> Shapes:
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoder = smp.encoders.get_encoder(name, weights=None)
    return {key: _but_inputs(tensor.shape) for key, tensor in encoder.state_dict().items()}


def _but_inputs(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A weight's shape without its input channels: a triangle's third node sees maps."""
    return (*shape[:1], *shape[2:])
