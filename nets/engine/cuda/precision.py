"""In which arithmetic an ensemble runs on a device: decided once, by asking it both ways.

Half precision is several times faster; which of its two types comes closer to single precision
depends on the weights. float16 has the finer steps but ends at 65504, which networks that are fed
raw levels can pass; bfloat16 reaches as far as float32 in coarser steps.
"""

from collections.abc import Sequence
from copy import deepcopy
from math import inf, isfinite

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.engine.cuda.accelerator import Accelerator
from nets.ensemble import DivergentNets
from nets.errors import EngineError
from nets.preprocessing import Preprocessing

PRECISIONS = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32}
NAMES = {kind: name for name, kind in PRECISIONS.items()}

MOST_DIFFERENCE = 0.005
"""Of a probability, on average, from single precision: beyond it half precision is not used."""

PROBE_PICTURES = 2
PROBE_CELLS = 6
PROBE_GRAIN = 12.0
PROBE_RGB = (200.0, 110.0, 90.0)
"""Probe pictures are soft patches of tissue's colour, so many cells across, with some grain."""


class Apart(nn.Module):
    """A member with a precision and a memory format of its own, fed and answering in single."""

    def __init__(
        self, member: nn.Module, kind: torch.dtype, memory_format: torch.memory_format
    ) -> None:
        super().__init__()
        self.member = member
        self._kind, self._memory_format = kind, memory_format

    def forward(self, image: Tensor) -> Tensor:
        """As the member's own."""
        answer: Tensor = self.member(image.to(self._kind, memory_format=self._memory_format))
        return answer.float()


def on_device(
    ensemble: DivergentNets, kind: torch.dtype, accelerator: Accelerator
) -> DivergentNets:
    """A copy of an ensemble on a device, its members in some precision.

    Normalisation, fusion and the grid stay in single.
    """
    moved = deepcopy(ensemble).to(accelerator.device)
    wanted = accelerator.memory_format
    members = [member.to(kind).to(memory_format=wanted) for member in moved.members]
    moved.members = nn.ModuleList(
        Apart(accelerator.prepared(member), kind, wanted) for member in members
    )
    return moved


def closest_precision(
    exact: DivergentNets, folded: DivergentNets, accelerator: Accelerator
) -> tuple[torch.dtype, dict[torch.dtype, float]]:
    """Half precision's type that agrees better with single precision on some probe pictures.

    Args:
        exact: the ensemble as it comes, in single precision.
        folded: the same as it is going to run.
        accelerator: the device.

    Returns:
        The type, float32 where neither comes within `MOST_DIFFERENCE`, and the mean difference
        of each in probability.
    """
    asked = _probe(exact.contracts, accelerator.device)
    expected = on_device(exact, torch.float32, accelerator)(*asked)[0]
    differences = {}
    for kind in accelerator.halves:
        answer = on_device(folded, kind, accelerator)(*asked)[0]
        mean = float((answer - expected).abs().mean())
        differences[kind] = mean if isfinite(mean) else inf
    best = min(differences, key=differences.__getitem__)
    return (best if differences[best] <= MOST_DIFFERENCE else torch.float32), differences


def asked_precision(name: str, accelerator: Accelerator) -> torch.dtype:
    """The type that a user names.

    Raises:
        EngineError: there is none of that name, or the device has no arithmetic for it.
    """
    kind = PRECISIONS.get(name)
    if kind is None:
        raise EngineError(f"precision {name} is none of auto, {', '.join(PRECISIONS)}")
    if kind not in (*accelerator.halves, torch.float32):
        raise EngineError(f"{accelerator.name} has no arithmetic for {name}: use --precision auto")
    return kind


def _probe(contracts: Sequence[Preprocessing], device: torch.device) -> list[Tensor]:
    """Views and inputs as the ensemble takes them; the same every time."""
    dice = torch.Generator().manual_seed(0)
    inputs = []
    for contract in contracts:
        size = (contract.height, contract.width)
        cells = torch.rand(PROBE_PICTURES, 3, PROBE_CELLS, PROBE_CELLS, generator=dice)
        patches = functional.interpolate(cells, size, mode="bilinear", align_corners=False)
        grain = torch.randn(patches.shape, generator=dice) * PROBE_GRAIN
        levels = patches * torch.tensor(PROBE_RGB).view(1, 3, 1, 1) + grain
        inputs.append(levels.clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous())
    views = torch.tensor([[0.1, 0.1, 0.8, 0.8]]).repeat(PROBE_PICTURES, 1)
    return [tensor.to(device) for tensor in (views, *inputs)]
