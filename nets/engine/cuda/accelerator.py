"""What the resident engine asks of a device: pinned memory, recorded work, streams, marks.

The engine's code runs on whatever answers to this. `nets.engine.cuda.device` does so with a GPU;
`Plain` does so with PyTorch as it comes, one thing after another, so that the same code path can
be run and tested on a processor.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import torch
from torch import Tensor, nn

from nets.engine.cuda.rectifying import Convolve, convolve
from nets.together import in_turn

Work = Callable[[], None]
"""Reads and writes memory that stays where it is; takes nothing and gives nothing."""


class Mark(Protocol):
    """A place in the device's work."""

    def wait(self) -> None:
        """Come back when the device has passed it."""
        ...


class Accelerator(Protocol):
    """A device and what it can do. All but `pinned` is called inside `at_work`.

    Attributes:
        name: of the device, for people.
        device: where tensors are made.
        halves: types of half precision that it computes in.
        memory_format: of networks' tensors.
        convolve: a convolution and its ReLU in one step, in half precision, where there is one.
    """

    name: str
    device: torch.device
    halves: tuple[torch.dtype, ...]
    memory_format: torch.memory_format
    convolve: Convolve | None

    def at_work(self) -> AbstractContextManager[None]:
        """What a thread is in while it works with the device: its stream, no gradients."""
        ...

    def prepared(self, network: nn.Module) -> nn.Module:
        """A network as the device runs it best."""
        ...

    def pinned(self, size: int) -> Tensor:
        """(size,) uint8 of the host's memory that the device can copy from and to by itself."""
        ...

    def record(self, work: Work) -> Work:
        """Do a piece of work once or more, so that all it needs is there, and record it.

        Returns:
            Repeats it on the same memory, whatever lies there then; nothing is allocated.

        Raises:
            torch.OutOfMemoryError: the device's memory does not suffice.
        """
        ...

    def side_by_side(self, pieces: Sequence[Callable[[], Tensor]]) -> list[Tensor]:
        """The results of pieces of work that do not need each other."""
        ...

    def mark(self) -> Mark:
        """A mark behind all that was asked of the device until now."""
        ...

    def settle(self) -> None:
        """Come back when the device has done whatever anybody asked of it."""
        ...

    def let_go(self) -> None:
        """Give memory that nothing uses back to the device."""
        ...


class Passed:
    """A mark on a device that does everything at once."""

    def wait(self) -> None:
        """Nothing to wait for."""


class Plain:
    """The processor, by PyTorch's ordinary means; see `Accelerator`."""

    name = "CPU"
    device = torch.device("cpu")
    halves: tuple[torch.dtype, ...] = (torch.float16, torch.bfloat16)
    memory_format = torch.channels_last
    convolve: Convolve | None = staticmethod(convolve)

    def at_work(self) -> AbstractContextManager[None]:
        """Without gradients."""
        return torch.inference_mode()

    def prepared(self, network: nn.Module) -> nn.Module:
        """The network itself."""
        return network

    def pinned(self, size: int) -> Tensor:
        """Ordinary memory."""
        return torch.zeros(size, dtype=torch.uint8)

    def record(self, work: Work) -> Work:
        """The work itself, done once."""
        work()
        return work

    def side_by_side(self, pieces: Sequence[Callable[[], Tensor]]) -> list[Tensor]:
        """One after another."""
        return in_turn(pieces)

    def mark(self) -> Mark:
        """Everything is done already."""
        return Passed()

    def settle(self) -> None:
        """Everything is done already."""

    def let_go(self) -> None:
        """Nothing is held."""
