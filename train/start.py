"""What a training starts from: fresh weights, other members' encoders, or a member's own."""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from nets.architectures import adopt_encoder, build
from nets.checkpoint import load_checkpoint
from nets.spec import MemberSpec
from nets.trinet import TriNet
from train.errors import TrainingError


def start_module(
    spec: MemberSpec, init: Path | None = None, encoders: Sequence[Path] = ()
) -> nn.Module:
    """A member's network as it is before the first step.

    Args:
        spec: the member.
        init: a checkpoint of the same network to go on from; its preprocessing may be another.
        encoders: checkpoints whose encoders to start from: one for all networks of a triangle,
            or one for each.

    Raises:
        TrainingError: `init` holds another network, or the encoders do not go with the member.
        CheckpointError: a checkpoint cannot be read.
        EncoderWeightsError: the spec's own encoder weights cannot be had, or those given belong
            to another encoder.
    """
    if init is not None:
        if encoders:
            raise TrainingError("start from a checkpoint or from encoders, not from both")
        return _continued(spec, init)
    module = build(spec.from_scratch() if encoders else spec)
    nodes = [module.left, module.right, module.top] if isinstance(module, TriNet) else [module]
    if len(encoders) not in {0, 1, len(nodes)}:
        raise TrainingError(
            f"{len(encoders)} encoders for {len(nodes)} networks: give one, or one for each"
        )
    for node, path in zip(nodes, list(encoders) * len(nodes), strict=False):
        other, _ = load_checkpoint(path)
        if isinstance(other, TriNet):
            raise TrainingError(f"{path}: holds three networks, so it has no one encoder to give")
        adopt_encoder(node, other.get_submodule("encoder").state_dict(), str(path))
    return module


def _continued(spec: MemberSpec, init: Path) -> nn.Module:
    module, header = load_checkpoint(init)
    wanted, found = spec.from_scratch(), header.spec.from_scratch()
    if (found.network, found.classes) != (wanted.network, wanted.classes):
        raise TrainingError(f"{init}: holds another network than the one that is to be trained")
    return module
