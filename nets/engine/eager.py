"""The reference: PyTorch as it comes, in single precision, on a CPU or a GPU."""

from collections.abc import Sequence

import numpy as np
import torch

from nets.bundle import Bundle
from nets.certainty import settled
from nets.checkpoint import load_checkpoint
from nets.engine.protocol import Maps, OnHost, view_shares
from nets.ensemble import DivergentNets
from nets.errors import EngineError
from nets.fusion_file import load_fusion
from nets.preprocessing import Prepared


def load_ensemble(bundle: Bundle) -> DivergentNets:
    """A bundle's networks in evaluation mode, float32, on the CPU."""
    members = [load_checkpoint(member.path)[0] for member in bundle.members]
    contracts = [member.header.spec.preprocessing for member in bundle.members]
    fusion = load_fusion(bundle.fusion, len(members))
    return DivergentNets(members, contracts, bundle.grid, fusion).eval()


class EagerEngine(OnHost):
    """Members one after another; see `nets.engine.protocol.Engine`.

    Args:
        bundle: the ensemble.
        device: `cpu` or `cuda[:N]`.
    """

    def __init__(self, bundle: Bundle, device: str = "cpu") -> None:
        self.name = bundle.name
        self.card = bundle.card
        self.contracts = bundle.contracts
        self.grid = bundle.grid
        self.threshold, self.certainty = bundle.threshold, bundle.certainty
        self.members = tuple(member.name for member in bundle.members)
        self.batch = 1 if device == "cpu" else 8
        try:
            self._device = torch.device(device)
            self._ensemble = load_ensemble(bundle).to(
                self._device,
                memory_format=torch.channels_last,  # type: ignore[call-overload]
            )
        except (RuntimeError, AssertionError) as error:
            raise EngineError(f"{device}: {str(error).splitlines()[0]}") from error
        kind = torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else "CPU"
        self.runs_on = f"{kind}, PyTorch f32"
        self.device, self.arithmetic = str(self._device), "f32"

    def predict(self, pictures: Sequence[Prepared]) -> Maps:
        """Fused probability; shape as the protocol says."""
        return settled(self._run(pictures)[0], self.threshold, self.certainty)

    def predict_members(self, pictures: Sequence[Prepared]) -> Maps:
        """Each member's probability; shape as the protocol says."""
        return self._run(pictures)[1]

    def _run(self, pictures: Sequence[Prepared]) -> tuple[Maps, Maps]:
        inputs = [
            torch.from_numpy(np.stack([picture.inputs[index] for picture in pictures])).to(
                self._device
            )
            for index in range(len(self.contracts))
        ]
        views = torch.from_numpy(view_shares(pictures)).to(self._device)
        with torch.inference_mode():
            fused, members = self._ensemble(views, *inputs)
        return fused.cpu().numpy(), members.cpu().numpy()
