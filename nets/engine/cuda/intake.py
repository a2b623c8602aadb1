"""From frames to the networks' inputs on the device.

A frame's native planes go up in one copy and become the inputs there. What depends on its view
and its colour is data and no shape: so one recording serves all frames of one size and layout, and
another one makes the weights anew, on the device, when the view has moved.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nets.engine.cuda.accelerator import Accelerator
from nets.engine.cuda.boxes import boxes_of
from nets.engine.cuda.resampling import Resampler, levels_of
from nets.engine.cuda.upload import Part, Upload
from nets.engine.protocol import view_shares
from nets.picture import Colour, Layout, Picture, Rect
from nets.preprocessing import Prepared, Preprocessing, conversion, prepare

NEUTRAL = 128.0
"""Chroma of grey, in levels."""

Kind = tuple[int, int, Layout]
"""Height, width and layout of a frame: all that decides shapes."""


def kind_of(picture: Picture) -> Kind:
    """What kind of frame it is."""
    return picture.height, picture.width, picture.layout


class Intake(Protocol):
    """Makes inputs of frames.

    Attributes:
        view: (4,) float32 on the device: that frame's view as shares of it.
    """

    view: Tensor

    @property
    def inputs(self) -> Sequence[Tensor]:
        """For each contract (h, w, 3) uint8 on the device, of the frame taken last."""
        ...

    def take(self, frame: Prepared) -> None:
        """Ask the device to make the inputs; the frame has been read by the return."""
        ...


class PreparedIntake:
    """Takes frames whose inputs the host has made, or makes now; see `Intake`."""

    def __init__(self, contracts: tuple[Preprocessing, ...], accelerator: Accelerator) -> None:
        self._contracts = contracts
        parts: list[Part] = [((4,), torch.float32)]
        parts += [((it.height, it.width, 3), torch.uint8) for it in contracts]
        self._upload = Upload(parts, accelerator)
        self.view, *self.inputs = self._upload.arrays

    def take(self, frame: Prepared) -> None:
        """See `Intake`."""
        if not frame.inputs:
            assert frame.picture is not None
            frame = prepare(frame.picture, frame.view, self._contracts)
        view, *inputs = self._upload.begin()
        view[:] = view_shares([frame])[0]
        for array, made in zip(inputs, frame.inputs, strict=True):
            array[:] = made
        self._upload.send(0, 1 + len(inputs))


class PlanesIntake:
    """Takes the native planes of frames of one kind; see `Intake`.

    Planes that are not NumPy's lie on the device already and are handed over by DLPack.

    Args:
        kind: of the frames.
        contracts: of the networks.
        arithmetic: of the resizing: float32, or float16, which is within an eighth of a level.
        accelerator: the device.
    """

    def __init__(
        self,
        kind: Kind,
        contracts: tuple[Preprocessing, ...],
        arithmetic: torch.dtype,
        accelerator: Accelerator,
    ) -> None:
        height, width, layout = kind
        self._layout, self._contracts, self._accelerator = layout, contracts, accelerator
        self._arithmetic = arithmetic
        parts: list[Part] = [((4,), torch.float32)]
        for it in contracts:
            parts += [(shape, torch.float32) for shape in ((it.height, 2), (it.width, 2), (3, 4))]
        self._of_aim = len(parts)
        sample = torch.uint8 if layout.bits == 8 else torch.int16
        parts += [(shape, sample) for shape in layout.plane_shapes(height, width)]
        self._upload = Upload(parts, accelerator)
        self.view, *aim = self._upload.arrays[: self._of_aim]
        self._planes = self._upload.arrays[self._of_aim :]
        self._resamplers = [
            Resampler(aim[3 * n : 3 * n + 3], (height, width), layout, arithmetic)
            for n in range(len(contracts))
        ]
        self.inputs = [resampler.input for resampler in self._resamplers]
        self._aimed_at: tuple[Rect, Colour] | None = None
        self._weigh = accelerator.record(self._weigh_now)
        self._make = accelerator.record(self._make_now)

    def take(self, frame: Prepared) -> None:
        """See `Intake`."""
        picture = frame.picture
        assert picture is not None
        moved = self._aimed_at != (frame.view, picture.colour)
        on_host = isinstance(picture.planes[0], np.ndarray)
        arrays = self._upload.begin()
        if moved:
            self._aim(frame, picture.colour, arrays)
        if on_host:
            for array, plane in zip(arrays[self._of_aim :], picture.planes, strict=True):
                array[...] = plane
        self._upload.send(0 if moved else self._of_aim, len(arrays) if on_host else self._of_aim)
        if not on_host:
            self._accept(picture.planes)
        if moved:
            self._weigh()
            self._aimed_at = frame.view, picture.colour
        self._make()

    def _aim(self, frame: Prepared, colour: Colour, arrays: list[NDArray[Any]]) -> None:
        """Write down what the device has to know of a view and a colour."""
        arrays[0][:] = view_shares([frame])[0]
        for number, contract in enumerate(self._contracts):
            seen = frame.view if contract.extent == "view" else frame.frame
            rows, columns, matrix = arrays[3 * number + 1 : 3 * number + 4]
            rows[:], columns[:] = boxes_of(contract, seen)
            matrix[:] = _matrix(self._layout, colour, contract.order)

    def _accept(self, planes: tuple[Any, ...]) -> None:
        """Copy planes within the device; by the return their owner may write on them again."""
        self._accelerator.settle()
        for samples, plane in zip(self._planes, planes, strict=True):
            given = torch.utils.dlpack.from_dlpack(plane.__dlpack__())
            samples.copy_(given.view(samples.dtype))
        self._accelerator.mark().wait()

    def _weigh_now(self) -> None:
        for resampler in self._resamplers:
            resampler.weigh()

    def _make_now(self) -> None:
        levels = levels_of(self._planes, self._layout, self._arithmetic)
        for resampler in self._resamplers:
            resampler.make(levels)


def _matrix(layout: Layout, colour: Colour, order: str) -> NDArray[np.float32]:
    """(3, 4) from 8-bit levels of the samples to RGB."""
    matrix = conversion(layout, colour, order).copy()
    matrix[:, :3] *= 1 << (layout.bits - 8 + layout.shift)
    if layout.grey:  # there are no other samples
        matrix[:, 3] += matrix[:, 1:3].sum(1) * NEUTRAL
    return matrix
