"""What a member of an ensemble is, in words that fit a file's header.

Needs no network library, so that headers can be read and checked without one.
"""

from dataclasses import replace
from typing import Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from nets.preprocessing import Preprocessing

POLYP = 1
"""Index of the polyp class; 0 is the background."""

Architecture = Literal["unet", "unetplusplus", "fpn", "deeplabv3", "deeplabv3plus"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class NetworkSpec:
    """One network of segmentation_models_pytorch.

    Attributes:
        architecture: its kind.
        encoder: smp's or timm's (`tu-…`) name of the encoder.
        encoder_weights: `none`, `imagenet`, or a local safetensors file to start from.
        decoder: further arguments of the smp class, such as `decoder_channels`.
    """

    architecture: Architecture
    encoder: str = "se_resnext50_32x4d"
    encoder_weights: str = "none"
    decoder: dict[str, int | float | str | bool | tuple[int, ...] | None] = Field(
        default_factory=dict
    )


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TriNetSpec:
    """Two networks side by side and a third on their joined maps (paper, section 2.1)."""

    left: NetworkSpec
    right: NetworkSpec
    top: NetworkSpec
    architecture: Literal["trinet"] = "trinet"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class MemberSpec:
    """A member: a network, what its outputs mean, and what it wants to be shown.

    Attributes:
        network: the network or triangle of networks.
        preprocessing: the contract of its input.
        classes: output channels; channel 1 is the polyp.
        activation: what turns its scores into probabilities.
    """

    network: NetworkSpec | TriNetSpec = Field(discriminator="architecture")
    preprocessing: Preprocessing = Field(default_factory=Preprocessing)
    classes: int = Field(default=2, ge=2, le=64)
    activation: Literal["softmax2d"] = "softmax2d"

    def from_scratch(self) -> "MemberSpec":
        """The same member with fresh weights in all its encoders."""
        return self.starting_from("none")

    def starting_from(self, encoder_weights: str) -> "MemberSpec":
        """The same member with other weights to start its encoders from."""

        def started(network: NetworkSpec) -> NetworkSpec:
            return replace(network, encoder_weights=encoder_weights)

        network = self.network
        if isinstance(network, TriNetSpec):
            nodes = (network.left, network.right, network.top)
            left, right, top = (started(node) for node in nodes)
            return replace(self, network=replace(network, left=left, right=right, top=top))
        return replace(self, network=started(network))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON or YAML."""
        values: dict[str, Any] = MEMBER_SPEC.dump_python(self, mode="json")
        return values


MEMBER_SPEC = TypeAdapter(MemberSpec)
"""Reads a member's spec from plain values, refusing what it does not know."""
