"""Whether the network that was built is the one in the file: its tensors and all its layers."""

from collections.abc import Iterator

from torch import nn

from nets.errors import ReleaseError
from nets.release.recover import Found

WITHOUT_EFFECT = frozenset({"inplace", "momentum", "name", "p", "recompute_scale_factor"})
"""Constants of layers that change nothing in what a trained network answers."""

IDENTITY = "torch.nn.modules.linear.Identity"
"""Does nothing, and so does not count: libraries leave it where something else was."""

SAME = {"UpsamplingBilinear2d": "Upsample"}
"""Layers that the library has come to build from their parent class, set to do the same."""


def check_agreement(found: Found, module: nn.Module) -> None:
    """Refuse a file whose network is not quite the one that this program builds for it.

    Raises:
        ReleaseError: a tensor is missing, left over or of another shape, or a layer is of
            another kind or set otherwise.
    """
    problem = next(_tensors(found, module), None) or next(_layers(found, module), None)
    if problem:
        raise ReleaseError(f"its {problem}, so its output would not be the original's: refused")


def _tensors(found: Found, module: nn.Module) -> Iterator[str]:
    own = module.state_dict()
    for key in sorted(own.keys() ^ found.tensors.keys()):
        yield f"{key} is {'missing' if key in own else 'unknown'}"
    for key, tensor in own.items():
        theirs = found.tensors[key]
        if theirs.shape != tensor.shape or f"torch.{theirs.storage.dtype}" != str(tensor.dtype):
            yield f"{key} is {theirs.shape}, not {tuple(tensor.shape)}"


def _layers(found: Found, module: nn.Module) -> Iterator[str]:
    own = {
        path: layer
        for path, layer in module.named_modules()
        if not [*layer.children()] and not isinstance(layer, nn.Identity)
    }
    theirs = {
        path: layer
        for path, layer in found.layers.items()
        if not layer.group("_modules") and layer.kind != IDENTITY
    }
    for path in sorted(own.keys() ^ theirs.keys()):
        yield f"{path} is {'missing' if path in own else 'unknown'}"
    for path, layer in own.items():
        kind, wanted = theirs[path].kind.rpartition(".")[2], type(layer).__name__
        if SAME.get(kind, kind) != wanted:
            yield f"{path} is a {kind}, not a {wanted}"
        for name in getattr(layer, "__constants__", ()):
            setting = theirs[path].attributes.get(name)
            if name not in WITHOUT_EFFECT and setting != getattr(layer, name):
                yield f"{path} has another {name} than {getattr(layer, name)}"
