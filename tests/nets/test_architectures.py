"""The networks: what they are made of, and what an ensemble of them answers."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from nets.architectures import build
from nets.ensemble import DivergentNets
from nets.errors import CheckpointError
from nets.grid import Grid
from nets.preprocessing import Preprocessing
from nets.spec import MemberSpec, NetworkSpec, TriNetSpec

SE_RESNEXT = "se_resnext50_32x4d"
TINY = "tu-mobilenetv4_conv_small_050"

PARAMETERS = {
    "unetplusplus": 50_988_754,
    "fpn": 28_119_026,
    "deeplabv3": 41_636_850,
    "deeplabv3plus": 28_680_706,
    "triunet": 103_575_478,
}
"""With SE-ResNeXt-50 encoders and two classes; 253 million together."""


def full_spec(name: str) -> MemberSpec:
    if name == "triunet":
        node = NetworkSpec("unet", SE_RESNEXT)
        return MemberSpec(TriNetSpec(node, node, node), Preprocessing(height=64, width=64))
    return MemberSpec(NetworkSpec(name, SE_RESNEXT), Preprocessing(height=64, width=64))


@pytest.fixture(scope="module")
def full_members() -> dict[str, nn.Module]:
    torch.manual_seed(5)
    return {name: build(full_spec(name)).eval() for name in PARAMETERS}


@pytest.mark.parametrize("name", PARAMETERS)
def test_full_members_have_the_papers_size(full_members: dict[str, nn.Module], name: str) -> None:
    counted = sum(parameter.numel() for parameter in full_members[name].parameters())
    assert counted == PARAMETERS[name]


def test_the_full_ensemble_is_the_mean_of_its_members_polyp_maps(
    full_members: dict[str, nn.Module],
) -> None:
    contract = Preprocessing(height=64, width=64)
    ensemble = DivergentNets(
        list(full_members.values()), [contract] * len(full_members), Grid.of(contract)
    ).eval()
    picture = torch.randint(
        0, 256, (1, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(6)
    )
    scale, offset = (torch.from_numpy(values) for values in contract.affine())
    prepared = (picture * scale + offset).permute(0, 3, 1, 2)
    with torch.inference_mode():
        fused, maps = ensemble(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), picture)
        by_hand = torch.stack([member(prepared)[:, 1] for member in full_members.values()], dim=1)
    # The same float32 operations in another order of memory.
    torch.testing.assert_close(maps, by_hand, rtol=0, atol=1e-4)
    torch.testing.assert_close(fused, by_hand.mean(1), rtol=0, atol=1e-4)


def test_triunet_has_no_dead_parameters_and_hands_softmax_maps_on() -> None:
    node = NetworkSpec("unet", TINY, decoder={"decoder_channels": (16, 16, 8, 8, 8)})
    trinet = build(MemberSpec(TriNetSpec(node, node, node)))
    picture = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(7))
    left, right = trinet.intermediate(picture)
    for maps in (left, right):
        torch.testing.assert_close(maps.sum(1), torch.ones(2, 64, 64))
    trinet(picture)[:, 1].square().sum().backward()
    dead = [name for name, p in trinet.named_parameters() if p.grad is None]
    assert dead == []


@pytest.mark.parametrize(
    "architecture", ["unet", "unetplusplus", "fpn", "deeplabv3", "deeplabv3plus"]
)
def test_every_architecture_answers_with_probabilities(architecture: str) -> None:
    module = build(MemberSpec(NetworkSpec(architecture, TINY))).eval()
    with torch.inference_mode():
        maps = module(torch.zeros(1, 3, 64, 64))
    assert maps.shape == (1, 2, 64, 64)
    torch.testing.assert_close(maps.sum(1), torch.ones(1, 64, 64))


def test_an_encoder_that_does_not_exist_is_one_clear_line() -> None:
    spec = MemberSpec(NetworkSpec("fpn", "tu-no_such_encoder"))
    with pytest.raises(CheckpointError, match=r"fpn on tu-no_such_encoder") as caught:
        build(replace(spec))
    assert "\n" not in str(caught.value)


def test_the_compact_plan_builds_and_is_small() -> None:
    from train.settings import read_plan

    plan = read_plan(Path(__file__).parents[2] / "configs" / "ensembles" / "compact.yaml")
    assert list(plan.members) == list(PARAMETERS)
    sizes = [
        sum(parameter.numel() for parameter in build(spec).parameters())
        for spec in plan.members.values()
    ]
    assert 2 * sum(sizes) < 45e6  # bytes in half precision
