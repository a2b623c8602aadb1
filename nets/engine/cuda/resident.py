"""An ensemble that lives on a device: inputs and answers that stay, recorded for some batches."""

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Literal

import torch
from torch import Tensor

from nets.engine.cuda.accelerator import Accelerator, Work
from nets.engine.protocol import Maps
from nets.ensemble import DivergentNets
from nets.errors import EngineError

RING = 2
"""Pinned copies of the answers: one is read while the next comes down."""

Which = Literal["fused", "members"]


class Resident:
    """Answers batches that lie in its inputs; all its memory is taken at the start.

    Attributes:
        inputs: for each contract (B, h, w, 3) uint8 on the device.
        views: (B, 4) float32 on the device.
        sizes: of the batches that are recorded, ascending.

    Args:
        ensemble: on the device.
        sizes: of batches to record; those that do not fit into the memory are left out.
        accelerator: the device.
        notify: told what was left out.

    Raises:
        EngineError: not even the smallest batch fits.
    """

    def __init__(
        self,
        ensemble: DivergentNets,
        sizes: Sequence[int],
        accelerator: Accelerator,
        notify: Callable[[str], None],
    ) -> None:
        self._ensemble, self._accelerator = ensemble, accelerator
        most, device = max(sizes), accelerator.device
        self.inputs = [
            torch.zeros(most, it.height, it.width, 3, dtype=torch.uint8, device=device)
            for it in ensemble.contracts
        ]
        self.views = torch.tensor([0.0, 0.0, 1.0, 1.0], device=device).repeat(most, 1)
        grid, members = ensemble.grid, len(ensemble.members)
        self._answers = {
            "fused": torch.zeros(most, grid.height, grid.width, device=device),
            "members": torch.zeros(most, members, grid.height, grid.width, device=device),
        }
        # The largest first: the memory of its intermediate results holds all others'.
        recorded = {size: self._record(size) for size in sorted(sizes, reverse=True)}
        self._recorded = {size: work for size, work in recorded.items() if work is not None}
        self.sizes = tuple(sorted(self._recorded))
        if not self.sizes:
            raise EngineError(out_of_memory(accelerator))
        if self.sizes[-1] < most:
            notify(
                f"warning: the memory of {accelerator.name} suffices for {self.sizes[-1]} frames "
                f"at once, not for {most}: going on with fewer"
            )
        self._ring = cycle([self._pinned() for _ in range(RING)])

    def run(self, count: int) -> None:
        """Ask for the answers to the first `count` pictures in the inputs."""
        self._recorded[next(size for size in self.sizes if size >= count)]()

    def fetch(self, count: int, which: Which) -> Callable[[], Maps]:
        """Ask for `count` answers to be brought to the host.

        Returns:
            Waits for them and gives them; to be called before `RING` more have been asked for.
        """
        pinned = next(self._ring)[which][:count]
        pinned.copy_(self._answers[which][:count], non_blocking=True)
        there = self._accelerator.mark()

        def arrived() -> Maps:
            there.wait()
            maps: Maps = pinned.numpy().copy()
            return maps

        return arrived

    def _record(self, size: int) -> Work | None:
        """The ensemble's work on a batch, or None where the memory does not suffice."""

        def work() -> None:
            fused, members = self._ensemble(
                self.views[:size], *(array[:size] for array in self.inputs)
            )
            self._answers["fused"][:size].copy_(fused)
            self._answers["members"][:size].copy_(members)

        try:
            return self._accelerator.record(work)
        except torch.OutOfMemoryError:
            pass
        self._accelerator.let_go()  # here, where the error holds on to nothing any more
        return None

    def _pinned(self) -> dict[str, Tensor]:
        return {
            which: self._accelerator.pinned(answer.nbytes).view(answer.dtype).view(answer.shape)
            for which, answer in self._answers.items()
        }


def out_of_memory(accelerator: Accelerator) -> str:
    """One line for whoever runs the program."""
    return (
        f"the memory of {accelerator.name} does not suffice: end what else uses it, or run on the "
        "processor with --device cpu"
    )
