"""What a member costs: the parameters it holds and the arithmetic of one picture."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nets.architectures import build
from nets.bundle import Bundle
from nets.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class Cost:
    """What one network, or several together, cost.

    Attributes:
        parameters: numbers that were learned.
        flop: additions and multiplications for one picture.
        disk_bytes: on disk; 0 where there is no file.
    """

    parameters: int
    flop: int
    disk_bytes: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.parameters + other.parameters,
            self.flop + other.flop,
            self.disk_bytes + other.disk_bytes,
        )


def cost_of(module: nn.Module, contract: Preprocessing) -> Cost:
    """Count a network's parameters, and its arithmetic on one input of its contract's size.

    Multiplication and addition count as two; only convolutions and matrix products count, as is
    usual.
    """
    parameters = sum(parameter.numel() for parameter in module.parameters())
    device = next(module.parameters()).device
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(torch.zeros(1, 3, contract.height, contract.width, device=device))
    return Cost(parameters, int(counter.get_total_flops()))


def member_costs(bundle: Bundle) -> dict[str, Cost]:
    """Count each member of a bundle, without loading its weights."""
    costs = {}
    for member in bundle.members:
        with torch.device("meta"):  # counted by shapes: nothing is computed
            module = build(member.header.spec.from_scratch()).eval()
        counted = cost_of(module, member.header.spec.preprocessing)
        costs[member.name] = Cost(counted.parameters, counted.flop, member.path.stat().st_size)
    return costs
