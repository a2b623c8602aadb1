"""Convolutions and the ReLUs behind them as one step: the same answers, and when not to."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from nets.architectures import build
from nets.engine.cuda.rectifying import Rectified, convolve, join_relu
from nets.engine.folds import fold_norms
from nets.spec import MemberSpec, NetworkSpec

ROUNDING = 1e-5  # of a probability, in single precision


def folded(spec: MemberSpec) -> nn.Module:
    torch.manual_seed(1)
    network = build(spec).eval()
    fold_norms(network, torch.zeros(1, 3, 64, 64))
    return network


def check(network: nn.Module, least: int) -> None:
    steps = 0

    def counted(image: Tensor, convolution: nn.Conv2d) -> Tensor:
        nonlocal steps
        steps += 1
        return convolve(image, convolution)

    joined = join_relu(network, counted)
    assert sum(isinstance(module, Rectified) for module in joined.modules()) >= least
    assert not any(isinstance(module, Rectified) for module in network.modules())
    picture = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        assert (joined(picture) - network(picture)).abs().max() < ROUNDING
    assert steps >= least


@pytest.mark.parametrize(
    "architecture", ["unet", "unetplusplus", "deeplabv3", "deeplabv3plus", "triunet"]
)
def test_joined_networks_answer_the_same(
    architecture: str, tiny_member: Callable[..., MemberSpec]
) -> None:
    check(folded(tiny_member(architecture)), least=3)


def test_two_of_three_convolutions_of_the_papers_blocks_are_joined() -> None:
    check(folded(MemberSpec(NetworkSpec("fpn"))), least=2 * 16)


class AddedInPlace(nn.Module):
    """As a residual block is often written."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.relu = nn.Conv2d(3, 3, 1), nn.ReLU()

    def forward(self, image: Tensor) -> Tensor:
        result: Tensor = self.layer(image)
        result += image
        rectified: Tensor = self.relu(result)
        return rectified


class ReadTwice(nn.Module):
    """Somebody else wants to know what was below nought."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.relu = nn.Conv2d(3, 3, 1), nn.ReLU()

    def forward(self, image: Tensor) -> Tensor:
        result = self.layer(image)
        rectified: Tensor = self.relu(result) - result
        return rectified


@pytest.mark.parametrize("kind", [AddedInPlace, ReadTwice])
def test_a_result_that_is_not_the_relus_alone_is_left(kind: type[nn.Module]) -> None:
    torch.manual_seed(3)
    network = kind().eval()
    joined = join_relu(network, convolve)
    picture = torch.randn(1, 3, 8, 8)
    with torch.no_grad():
        assert torch.equal(joined(picture), network(picture))
    assert not any(isinstance(module, Rectified) for module in joined.modules())
