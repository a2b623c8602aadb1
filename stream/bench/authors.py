"""The authors' way of running their ensemble, written afresh, to have something to compare with.

One picture after another; five models one after another, each in single precision and eager; each
one's map brought to the host before the next model starts; their mean taken there, then rounded.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from nets.bundle import Bundle
from nets.checkpoint import load_checkpoint
from nets.preprocessing import Preprocessing, Rgb
from nets.spec import POLYP

MEMORY_FORMATS = {"NCHW": torch.contiguous_format, "channels-last": torch.channels_last}
"""The authors' own is the first; the comparison is with the faster one."""


class AuthorsWay:
    """The members of a bundle, run as the authors run theirs.

    Args:
        bundle: the ensemble.
        device: `cpu` or `cuda:N`.
        memory_format: a name of `MEMORY_FORMATS`.
    """

    def __init__(self, bundle: Bundle, device: str, memory_format: str) -> None:
        self._format = MEMORY_FORMATS[memory_format]
        self._size = bundle.grid.width, bundle.grid.height
        self._device = torch.device(device)
        self._members: list[tuple[torch.nn.Module, Preprocessing]] = []
        for member in bundle.members:
            module = load_checkpoint(member.path)[0]
            place: Callable[..., torch.nn.Module] = module.to
            module = place(self._device, memory_format=self._format)
            self._members.append((module, member.header.spec.preprocessing))

    def predict(self, inputs: dict[Preprocessing, Rgb]) -> NDArray[Any]:
        """One picture's mask.

        Args:
            inputs: what each preprocessing makes of the picture, (h, w, 3) uint8.

        Returns:
            (h, w) float32, 0 or 1, of the bundle's grid; the authors' members are of one size, here
            maps of other sizes are brought to it by OpenCV's bilinear filter.
        """
        maps = []
        with torch.no_grad():
            for module, contract in self._members:
                scale, offset = contract.affine()
                picture = inputs[contract].astype(np.float32) * scale + offset
                image = torch.from_numpy(picture.transpose(2, 0, 1)[None].copy())
                image = image.to(self._device, memory_format=self._format)
                map_ = module(image)[0, POLYP].cpu().numpy()
                maps.append(
                    map_ if map_.shape == self._size[::-1] else cv2.resize(map_, self._size)
                )
        return np.asarray(np.round(np.mean(np.stack(maps), axis=0)))
