"""What several test folders share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nets.spec import MemberSpec

TINY_ENCODER = "tu-mobilenetv4_conv_small_050"
TINY_DECODERS: dict[str, dict[str, Any]] = {
    "unet": {"encoder_depth": 3, "decoder_channels": (8, 8, 8)},
    "unetplusplus": {"encoder_depth": 3, "decoder_channels": (8, 8, 8)},
    "fpn": {"decoder_pyramid_channels": 32, "decoder_segmentation_channels": 32},
    "deeplabv3": {"encoder_depth": 4, "encoder_output_stride": 16, "decoder_channels": 16},
    "deeplabv3plus": {"encoder_depth": 4, "decoder_channels": 16},
}


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data's folder; skips where there is none."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("DIVERGENT_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; DIVERGENT_DATA may point to it")
    return folder


@pytest.fixture(scope="session")
def tiny_member() -> "Callable[..., MemberSpec]":
    """Makes specs of members so small that they train in a moment."""
    from nets.preprocessing import Preprocessing
    from nets.spec import MemberSpec, NetworkSpec, TriNetSpec

    def network(architecture: str) -> NetworkSpec:
        return NetworkSpec(architecture, TINY_ENCODER, decoder=TINY_DECODERS[architecture])

    def member(architecture: str = "unet", size: int = 64, **contract: Any) -> MemberSpec:
        preprocessing = Preprocessing(height=size, width=size, **contract)
        if architecture == "triunet":
            node = network("unet")
            return MemberSpec(TriNetSpec(node, node, node), preprocessing)
        return MemberSpec(network(architecture), preprocessing)

    return member
