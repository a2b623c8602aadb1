"""What a member costs: the parameters it holds, the arithmetic and the traffic of one picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from nets.architectures import build
from nets.bundle import Bundle
from nets.fusion import LEARNED
from nets.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class Cost:
    """What one network, or several together, cost.

    Attributes:
        parameters: numbers that were learned.
        flop: additions and multiplications for one picture.
        disk_bytes: on disk; 0 where there is no file.
        activations: numbers that layers hand to each other for one picture, counted where
            they are written and where they are read.
    """

    parameters: int
    flop: int
    disk_bytes: int = 0
    activations: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.parameters + other.parameters,
            self.flop + other.flop,
            self.disk_bytes + other.disk_bytes,
            self.activations + other.activations,
        )


def cost_of(module: nn.Module, contract: Preprocessing) -> Cost:
    """Count a network's parameters, and its work on one input of its contract's size.

    Multiplication and addition count as two; only convolutions and matrix products count, as is
    usual: everything else can be done while their results are at hand.
    """
    return _counted(module, (1, 3, contract.height, contract.width))


def fusion_cost(bundle: Bundle) -> Cost:
    """Count what a bundle's fusion has learned, and its work; a mean has neither."""
    fusion, grid, members = bundle.fusion, bundle.grid, len(bundle.members)
    if fusion.file is None:
        return Cost(0, 0)
    with torch.device("meta"):
        counted = _counted(LEARNED[fusion.kind](members), (1, members, grid.height, grid.width))
    return replace(counted, disk_bytes=fusion.file.stat().st_size)


def _counted(module: nn.Module, shape: tuple[int, ...]) -> Cost:
    parameters = sum(parameter.numel() for parameter in module.parameters())
    device = next(module.parameters()).device
    counter, traffic = FlopCounterMode(display=False), _Traffic()
    with counter, traffic, torch.no_grad():
        module(torch.zeros(shape, device=device))
    return Cost(parameters, int(counter.get_total_flops()), activations=traffic.numbers)


class _Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what convolutions and matrix products read and write beside their parameters."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.numbers = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func.overloadpacket in flop_registry:
            read = (arg for arg in args if isinstance(arg, Tensor))
            self.numbers += sum(a.numel() for a in read if not isinstance(a, nn.Parameter))
            self.numbers += result.numel()
        return result


def member_costs(bundle: Bundle) -> dict[str, Cost]:
    """Count each member of a bundle, without loading its weights."""
    costs = {}
    for member in bundle.members:
        with torch.device("meta"):  # counted by shapes: nothing is computed
            module = build(member.header.spec.from_scratch()).eval()
        counted = cost_of(module, member.header.spec.preprocessing)
        costs[member.name] = replace(counted, disk_bytes=member.path.stat().st_size)
    return costs
