"""One axis of a frame in a graph: what is seen of it, and which stretch each sample means.

The same boxes as `nets.engine.cuda.boxes`, by formulas instead of by asking OpenCV, which is not
there where the graph runs. Whole numbers are divided as such: OpenCV does it in floating point,
so that where a view is smaller than the network's input a stretch may begin one sample later.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an axis, one for each frame of a batch.

    Attributes:
        start: (N, 1) int64, first sample.
        length: (N, 1) int64, samples, at least one.
    """

    start: Tensor
    length: Tensor

    @classmethod
    def within(cls, start: Tensor, length: Tensor, samples: int) -> "Span":
        """What of a stretch lies on an axis of so many samples.

        Args:
            start: (N,) int64.
            length: (N,) int64.
            samples: of the axis.
        """
        first = start.clamp(0, samples - 1)
        last = torch.minimum(start + length, torch.full_like(start, samples))
        return cls(first[:, None], torch.maximum(last - first, torch.ones_like(first))[:, None])

    @classmethod
    def whole(cls, like: Tensor, samples: int) -> "Span":
        """The whole axis, for each of a batch as large as `like`."""
        return cls(torch.zeros_like(like)[:, None], torch.full_like(like, samples)[:, None])


def boxes(seen: Span, wanted: int, resize: str, areas: Tensor) -> Tensor:
    """(N, wanted, 2) float32: where each sample's stretch begins and ends, on the frame's axis.

    Args:
        seen: what the network is shown of the axis.
        wanted: samples of the network's input.
        resize: the contract's filter.
        areas: (N, 1) bool: whether `area` takes areas, which it does where both axes shrink.
    """
    place = torch.arange(wanted)
    below = torch.div(place * seen.length, wanted, rounding_mode="floor").float()
    scale = seen.length.float() / wanted
    if resize == "nearest":
        start = below
    elif resize == "bilinear":
        start = (place + 0.5) * scale - 0.5
    else:
        share = (place + 1) - (below + 1) / scale
        start = below + torch.where(share > 0, share - share.floor(), torch.zeros_like(share))
    start = torch.minimum(start.clamp(min=0), seen.length.float() - 1)
    end = start + 1
    if resize == "area":
        start = torch.where(areas, place * scale, start)
        end = torch.where(areas, (place + 1) * scale, end)
    return torch.stack([start, end], -1) + seen.start[..., None]


def interpolation(extent: Span, cells: int, samples: int) -> Tensor:
    """(N, samples, cells) float32: shares by which each sample of the frame has a map's cells.

    Bilinear as OpenCV's resize, edges repeated.

    Args:
        extent: what the map covers of the axis.
        cells: of the map.
        samples: of the axis.
    """
    place = torch.arange(samples) + 0.5 - extent.start
    position = place * (cells / extent.length.float()) - 0.5
    distance = position.clamp(0, cells - 1)[..., None] - torch.arange(cells)
    return (1 - distance.abs()).clamp(min=0)


def inside(seen: Span, samples: int) -> Tensor:
    """(N, samples) bool: which samples of an axis are seen."""
    place = torch.arange(samples)
    return (place >= seen.start) & (place < seen.start + seen.length)
