"""What members cost, against figures known from elsewhere."""

from pathlib import Path

import pytest
import torch
from torch import nn

from nets.architectures import build
from nets.bundle import read_weights, set_fusion, shipped, write_bundle
from nets.cost import Cost, cost_of, fusion_cost, member_costs
from nets.fusion import LEARNED
from nets.fusion_file import FusionHeader, save_fusion
from nets.grid import Fusion
from nets.preprocessing import Preprocessing
from nets.spec import MemberSpec, NetworkSpec, TriNetSpec

PAPERS = {
    "unet": (34.5, 21.7),
    "unetplusplus": (51.0, 115.3),
    "fpn": (28.1, 15.9),
    "deeplabv3": (41.6, 80.8),
    "deeplabv3plus": (28.7, 18.3),
    "triunet": (103.6, 65.1),
}
"""Million parameters and GFLOP at 256x256 on SE-ResNeXt-50, counted by hooks on its layers."""


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_members_cost_what_they_do(name: str) -> None:
    node = NetworkSpec("unet" if name == "triunet" else name)
    spec = MemberSpec(TriNetSpec(node, node, node) if name == "triunet" else node)
    with torch.device("meta"):
        cost = cost_of(build(spec).eval(), Preprocessing())
    assert cost.parameters / 1e6 == pytest.approx(PAPERS[name][0], abs=0.05)
    assert cost.flop / 1e9 == pytest.approx(PAPERS[name][1], abs=0.06)


def test_traffic_is_what_layers_read_and_write_beside_their_weights() -> None:
    layers = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Conv2d(5, 2, 1))
    cost = cost_of(layers, Preprocessing(height=32, width=64))
    assert cost.activations == 32 * 64 * (3 + 5 + 5 + 2)


def test_a_learned_fusion_costs_something_too(member, tmp_path: Path) -> None:
    plain = write_bundle(tmp_path / "b", {"one": member, "two": member})
    assert fusion_cost(plain) == Cost(0, 0)
    path = tmp_path / "f.safetensors"
    save_fusion(path, LEARNED["stacked"](2), FusionHeader("stacked", ("one", "two")))
    cost = fusion_cost(set_fusion(tmp_path / "b", Fusion("stacked", file=path)))
    assert (cost.parameters, cost.flop) == (3, 2 * 2 * 64 * 64)
    assert cost.disk_bytes == path.stat().st_size


def test_a_bundle_is_counted_member_by_member(member) -> None:
    (cost,) = member_costs(read_weights([member])).values()
    assert cost.disk_bytes == member.stat().st_size
    assert 0 < 4 * cost.parameters < cost.disk_bytes
    assert cost + cost == Cost(
        2 * cost.parameters, 2 * cost.flop, 2 * cost.disk_bytes, 2 * cost.activations
    )


def test_the_student_that_ships_stays_within_what_it_may_cost() -> None:
    """At most 2 GFLOP a frame and 12 MB, which half precision leaves far behind."""
    bundle = read_weights([shipped("student")])
    total = sum(member_costs(bundle).values(), Cost(0, 0))
    assert total.flop <= 2e9
    assert total.disk_bytes <= 2.2 * total.parameters <= 12e6
    assert "not a medical device" in bundle.card
    assert not {"C5", "kvasir-seg"} & {
        centre
        for member in bundle.members
        for key in ("centres", "teacher_centres")
        for centre in member.header.trained_on[key]
    }
