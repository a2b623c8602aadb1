"""Two classes told by one map."""

from collections.abc import Callable

import pytest
import torch

from nets.architectures import build
from nets.engine.heads import join_classes
from nets.ensemble import DivergentNets
from nets.grid import Grid
from nets.spec import MemberSpec

ROUNDING = 1e-6  # of a probability, in single precision


def ensemble_of(spec: MemberSpec) -> DivergentNets:
    torch.manual_seed(4)
    contract = spec.preprocessing
    return DivergentNets([build(spec)], [contract], Grid.of(contract)).eval()


@pytest.mark.parametrize("architecture", ["unet", "fpn", "deeplabv3plus", "triunet"])
def test_one_map_says_what_two_classes_said(
    architecture: str, tiny_member: Callable[..., MemberSpec]
) -> None:
    spec = tiny_member(architecture)
    before, after = ensemble_of(spec), ensemble_of(spec)
    assert join_classes(after) == 1
    views = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    picture = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        expected, ours = before(views, picture)[0], after(views, picture)[0]
        assert after.members[0](torch.zeros(1, 3, 64, 64)).shape == (1, 1, 64, 64)
    assert expected.std() > 1e-3  # or anything would equal it
    assert (ours - expected).abs().max() < ROUNDING


def test_members_that_end_otherwise_stay(tiny_member: Callable[..., MemberSpec]) -> None:
    other = ensemble_of(tiny_member("unet"))
    head = other.members[0].segmentation_head
    head[2] = torch.nn.Sigmoid()
    assert join_classes(other) == 0
    assert head[0].out_channels == 2
