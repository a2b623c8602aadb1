"""From the records of a file to what its network is: architecture, encoder, decoder.

The file holds objects, not settings; these are read off its layers' kinds and its tensors' shapes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nets.errors import ReleaseError
from nets.release import names
from nets.release.encoders import find_encoder
from nets.release.records import Layer, StoredTensor
from nets.spec import NetworkSpec, TriNetSpec

DEEPEST = 24
"""Layers within layers; the authors' have ten."""

MOST_CLASSES = 64

NODES = {"left": "in_model_1", "right": "in_model_2", "top": "out_model"}
"""Of a triangle: what this program calls them, and what the authors do."""

RENAMED = {
    "encoder.layer0.pool": "encoder.layer0_pool",  # of SE-ResNets
}
RENAMED_IN_DEEPLABV3 = {
    "decoder.0": "decoder.aspp",
    "decoder.1": "decoder.conv",
    "decoder.2": "decoder.bn",
    "decoder.3": "decoder.relu",
}
"""Layers that the library has put elsewhere since."""


@dataclass(frozen=True, slots=True)
class Found:
    """A network as a file holds it.

    Attributes:
        spec: what this program has to build for it.
        classes: its output channels.
        layers: each layer by its path in what is built.
        tensors: each tensor by its key in what is built.
    """

    spec: NetworkSpec | TriNetSpec
    classes: int
    layers: dict[str, Layer]
    tensors: dict[str, StoredTensor]


def recover(root: Layer) -> Found:
    """What network a file holds.

    Of the authors' TriUNet only its three nodes: what it inherits it never uses.

    Raises:
        ReleaseError: it is none that this program can build.
    """
    if root.kind not in names.TRIANGLES:
        return _network(root)
    parts = root.group("_modules")
    nodes: dict[str, Any] = {}
    layers: dict[str, Layer] = {}
    tensors: dict[str, StoredTensor] = {}
    for name, theirs in NODES.items():
        if theirs not in parts:
            raise ReleaseError(f"its {theirs} is missing")
        node = _network(parts[theirs])
        nodes[name] = node.spec
        layers |= {f"{name}.{path}": layer for path, layer in node.layers.items()}
        tensors |= {f"{name}.{path}": tensor for path, tensor in node.tensors.items()}
    return Found(TriNetSpec(**nodes), node.classes, layers, tensors)


def _network(root: Any) -> Found:
    architecture = names.ARCHITECTURES.get(root.kind) if isinstance(root, Layer) else None
    if architecture is None:
        kind = root.kind if isinstance(root, Layer) else type(root).__name__
        raise ReleaseError(f"its model is a {kind}, which is no network of the paper")
    layers = {_renamed(path, architecture): layer for path, layer in _walk(root)}
    tensors = dict(_tensors(layers))
    shapes = {key: tensor.shape for key, tensor in tensors.items()}
    try:
        encoder = layers["encoder"]
        name = find_encoder(
            encoder.kind,
            {
                key.removeprefix("encoder."): shape
                for key, shape in shapes.items()
                if key.startswith("encoder.")
            },
        )
        decoder = _decoder(architecture, layers, shapes)
        classes = _channels(shapes, "segmentation_head.0.weight")
        activation = layers["segmentation_head.2.activation"].kind.rpartition(".")[2]
    except KeyError as error:
        raise ReleaseError(f"its {architecture} has no {error.args[0]}") from error
    if not 2 <= classes <= MOST_CLASSES or activation != "Softmax":
        raise ReleaseError(
            f"its {architecture} gives {classes} classes by {activation}; an ensemble's member "
            f"gives 2 to {MOST_CLASSES} by Softmax"
        )
    return Found(NetworkSpec(architecture, name, decoder=decoder), classes, layers, tensors)


def _decoder(
    architecture: str, layers: dict[str, Layer], shapes: dict[str, tuple[int, ...]]
) -> dict[str, Any]:
    """The library's arguments for such a decoder."""
    depth = _setting(layers["encoder"], "_depth", (3, 4, 5))
    values: dict[str, Any] = {"encoder_depth": depth}
    match architecture:
        case "unet" | "unetplusplus":
            block = "{}" if architecture == "unet" else "x_0_{}"
            values["decoder_channels"] = tuple(
                _channels(shapes, f"decoder.blocks.{block.format(step)}.conv2.0.weight")
                for step in range(depth)
            )
        case "fpn":
            values["decoder_pyramid_channels"] = _channels(shapes, "decoder.p5.weight")
            values["decoder_segmentation_channels"] = _channels(
                shapes, "decoder.seg_blocks.0.block.0.block.0.weight"
            )
            values["decoder_merge_policy"] = _setting(
                layers["decoder.merge"], "policy", ("add", "cat")
            )
        case "deeplabv3":
            values["decoder_channels"] = _channels(shapes, "decoder.conv.weight")
        case "deeplabv3plus":
            values["encoder_output_stride"] = _setting(layers["decoder"], "output_stride", (8, 16))
            values["decoder_channels"] = _channels(shapes, "decoder.block2.0.1.weight")
    return values


def _channels(shapes: dict[str, tuple[int, ...]], key: str) -> int:
    """How many channels a convolution gives."""
    shape = shapes.get(key, ())
    if len(shape) != 4:
        raise ReleaseError(f"its {key} is missing, or no convolution's")
    return shape[0]


def _setting(layer: Layer, name: str, known: tuple[Any, ...]) -> Any:
    value = layer.attributes.get(name)
    if value not in known:
        raise ReleaseError(f"its {layer.kind} has another {name} than {known}: not supported")
    return value


def _renamed(path: str, architecture: str) -> str:
    renamed = RENAMED | (RENAMED_IN_DEEPLABV3 if architecture == "deeplabv3" else {})
    for old, new in renamed.items():
        if path == old or path.startswith(f"{old}."):
            return new + path.removeprefix(old)
    return path


def _walk(root: Layer) -> Iterator[tuple[str, Layer]]:
    """Every layer below one, by its path; each stands in one place, as a tree's do."""
    seen = {id(root)}
    waiting = [("", root, 0)]
    while waiting:
        path, layer, depth = waiting.pop()
        for name, child in layer.group("_modules").items():
            if child is None:
                continue
            if not isinstance(child, Layer) or id(child) in seen or depth == DEEPEST:
                raise ReleaseError(f"its {path}{name} is no layer of a tree: refused")
            seen.add(id(child))
            waiting.append((f"{path}{name}.", child, depth + 1))
            yield f"{path}{name}", child


def _tensors(layers: dict[str, Layer]) -> Iterator[tuple[str, StoredTensor]]:
    for path, layer in layers.items():
        for group in ("_parameters", "_buffers"):
            for name, tensor in layer.group(group).items():
                if isinstance(tensor, StoredTensor):
                    yield f"{path}.{name}", tensor
                elif tensor is not None:
                    raise ReleaseError(f"its {path}.{name} is no tensor: refused")
