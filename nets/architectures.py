"""From a spec to a network: U-Net, UNet++, FPN, DeepLabv3(+) by smp, and triangles of them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import segmentation_models_pytorch as smp
from safetensors.torch import load_file
from timm.models.efficientnet import EfficientNetFeatures
from timm.models.mobilenetv3 import MobileNetV3Features
from torch import Tensor, nn

from nets.errors import CheckpointError, EncoderWeightsError
from nets.spec import MemberSpec, NetworkSpec, TriNetSpec
from nets.trinet import TriNet

CLASSES: dict[str, Any] = {
    "unet": smp.Unet,
    "unetplusplus": smp.UnetPlusPlus,
    "fpn": smp.FPN,
    "deeplabv3": smp.DeepLabV3,
    "deeplabv3plus": smp.DeepLabV3Plus,
}

HUB_PATIENCE_S = 5.0
"""A hub that does not answer a first question in this time is taken for unreachable."""

LONGEST_REASON = 300
"""Of a library's own words: some of them list every encoder they know."""


def build(spec: MemberSpec) -> nn.Module:
    """A member with fresh weights, or an encoder's where the spec names some.

    The module maps (N, 3, H, W) float, prepared as `spec.preprocessing` says, to (N, classes,
    H, W) softmax probabilities.

    Raises:
        EncoderWeightsError: the encoder weights that the spec names cannot be had.
        CheckpointError: the library cannot build such a network.
    """
    network = spec.network
    if isinstance(network, TriNetSpec):
        return TriNet(
            _network(network.left, 3, spec.classes),
            _network(network.right, 3, spec.classes),
            _network(network.top, 2 * spec.classes, spec.classes),
        )
    return _network(network, 3, spec.classes)


def build_whole(spec: MemberSpec) -> nn.Module:
    """A member of one network as the library itself builds it, unused stages and all.

    Raises:
        EncoderWeightsError: the encoder weights that the spec names cannot be had.
        CheckpointError: the library cannot build such a network.
    """
    assert not isinstance(spec.network, TriNetSpec)
    return _network(spec.network, 3, spec.classes, whole=True)


def _network(spec: NetworkSpec, channels: int, classes: int, *, whole: bool = False) -> nn.Module:
    local = spec.encoder_weights not in {"none", "imagenet"}
    try:
        with warnings.catch_warnings(), _hub(wanted=spec.encoder_weights == "imagenet"):
            warnings.simplefilter("ignore")  # smp's advice on encoders' input sizes
            module: nn.Module = CLASSES[spec.architecture](
                encoder_name=spec.encoder,
                encoder_weights="imagenet" if spec.encoder_weights == "imagenet" else None,
                in_channels=channels,
                classes=classes,
                activation="softmax2d",
                **spec.decoder,
            )
    except Exception as error:  # the libraries raise whatever a wrong argument leads them to
        if spec.encoder_weights == "imagenet" and isinstance(error, OSError):
            raise EncoderWeightsError(
                f"ImageNet weights of {spec.encoder} cannot be downloaded: give a local file, "
                "or encoder_weights: none to start from scratch"
            ) from error
        reason = (" ".join(str(error).split()) or type(error).__name__)[:LONGEST_REASON]
        raise CheckpointError(
            f"{spec.architecture} on {spec.encoder} cannot be built: {reason}"
        ) from error
    if not whole:
        _cut_off_dead_stages(module.get_submodule("encoder"))
    if local:
        load_encoder(module, Path(spec.encoder_weights))
    return module


def _cut_off_dead_stages(encoder: nn.Module) -> None:
    """Take out the stages behind the last one that a decoder asks for.

    These two families of timm build and run them all the same: in a shallow decoder's network,
    most parameters would neither learn nor matter.
    """
    model = getattr(encoder, "model", None)
    if isinstance(model, EfficientNetFeatures | MobileNetV3Features):
        last = max(feature["stage"] for feature in model.feature_info.get_dicts())
        model.blocks = model.blocks[:last]


@contextmanager
def _hub(*, wanted: bool) -> Iterator[None]:
    """Ask once whether ImageNet weights' hub answers; where it does not, use the cache alone.

    Left to itself its client tries each file again for half a minute before it gives up.
    """
    if not wanted:
        yield
        return
    from huggingface_hub import constants, get_session

    before = constants.HF_HUB_OFFLINE
    try:
        get_session().head(constants.ENDPOINT, timeout=HUB_PATIENCE_S)
    except Exception:  # whatever its HTTP client of the day raises
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def load_encoder(module: nn.Module, path: Path) -> None:
    """Start a network's encoder from a safetensors file of its tensors.

    Raises:
        EncoderWeightsError: the file is missing or belongs to another encoder.
    """
    try:
        loaded = load_file(path)
    except Exception as error:
        raise EncoderWeightsError(f"{path}: no encoder weights can be read: {error}") from error
    adopt_encoder(module, loaded, str(path))


def adopt_encoder(module: nn.Module, loaded: dict[str, Tensor], name: str) -> None:
    """Start a network's encoder from another encoder's tensors.

    A first convolution that sees another number of channels (a triangle's third node sees
    maps, not an image) keeps its own weights; any other difference is an error.

    Raises:
        EncoderWeightsError: the tensors belong to another encoder.
    """
    encoder: nn.Module = module.encoder  # type: ignore[assignment]
    own: dict[str, Tensor] = encoder.state_dict()
    fitting = {
        key: value for key, value in loaded.items() if key in own and own[key].shape == value.shape
    }
    other = [
        key
        for key, value in own.items()
        if key not in fitting and not _differs_in_input_alone(value, loaded.get(key))
    ]
    if other:
        raise EncoderWeightsError(
            f"{name}: not weights of this encoder ({len(other)} of its tensors are missing or of "
            f"another shape, such as {other[0]})"
        )
    encoder.load_state_dict(fitting, strict=False)


def _differs_in_input_alone(own: Tensor, loaded: Tensor | None) -> bool:
    return (
        loaded is not None
        and own.ndim == loaded.ndim == 4
        and own.shape[0] == loaded.shape[0]
        and own.shape[2:] == loaded.shape[2:]
    )
