"""Folding batch norm into convolutions changes nothing but rounding."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from nets.architectures import build
from nets.engine.folds import fold_norms
from nets.spec import MemberSpec, NetworkSpec

ARCHITECTURES = ["unet", "unetplusplus", "fpn", "deeplabv3", "deeplabv3plus", "triunet"]
ROUNDING = 1e-5  # of a probability, in single precision


def lived_in(network: nn.Module, seed: int = 0) -> nn.Module:
    """A network whose norms are not as they come, when folding them would do nothing."""
    dice = torch.Generator().manual_seed(seed)
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None and norm.running_var is not None
            norm.running_mean.normal_(0.0, 0.1, generator=dice)
            norm.running_var.uniform_(0.5, 2.0, generator=dice)
            norm.weight.data.uniform_(0.5, 1.5, generator=dice)
            norm.bias.data.normal_(0.0, 0.1, generator=dice)
    return network.eval()


def norms_in(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def check(network: nn.Module, picture: torch.Tensor) -> None:
    before, norms = network(picture), norms_in(network)
    assert norms > 10
    assert fold_norms(network, torch.zeros(1, 3, 64, 64)) == norms
    assert norms_in(network) == 0
    after = network(picture)
    assert before.std() > 1e-3  # or anything would equal it
    assert (before - after).abs().max() < ROUNDING


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_norm_is_folded_and_the_answer_stays(
    architecture: str, tiny_member: Callable[..., MemberSpec]
) -> None:
    torch.manual_seed(1)
    with torch.no_grad():
        check(lived_in(build(tiny_member(architecture))), torch.randn(2, 3, 64, 96))


def test_the_papers_encoder_is_folded_too() -> None:
    torch.manual_seed(1)
    with torch.no_grad():
        check(lived_in(build(MemberSpec(NetworkSpec("fpn")))), torch.randn(1, 3, 64, 64))


def test_a_norm_that_follows_no_convolution_or_one_used_twice_stays() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shared, self.first = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
            self.second, self.alone = nn.BatchNorm2d(3), nn.BatchNorm2d(3)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            once = self.first(self.shared(image))
            answer: torch.Tensor = self.alone(self.second(self.shared(once)) + image)
            return answer

    network = lived_in(Twice())
    with torch.no_grad():
        before = network(torch.ones(1, 3, 4, 4))
        assert fold_norms(network, torch.zeros(1, 3, 64, 64)) == 0
        assert torch.equal(before, network(torch.ones(1, 3, 4, 4)))
