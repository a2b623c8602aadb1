"""A picture's planes at a network's size and in its colours, on whatever device they are.

Boxes (`nets.engine.cuda.boxes`) become weights: how much of each box lies in each sample. With
these a plane is cropped and resized by two matrix products, rows first, then columns; colour is
converted at the network's size, and rounded to the levels that a contract speaks of.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from nets.picture import Layout


class Resampler:
    """One contract's way from planes of one kind to its input, in memory that stays.

    Attributes:
        input: (h, w, 3) uint8, made last.

    Args:
        aim: what is read from then on: the boxes of rows (h, 2) and of columns (w, 2), and the
            matrix (3, 4) from levels to RGB, all float32.
        size: height and width of the frames.
        layout: of their planes.
        arithmetic: type of the weights and of the levels.
    """

    def __init__(
        self,
        aim: Sequence[Tensor],
        size: tuple[int, int],
        layout: Layout,
        arithmetic: torch.dtype,
    ) -> None:
        rows, columns, _ = self._rows, self._columns, self._matrix = aim
        self._spans = [(1, 1), (1 << layout.chroma_shift_y, 1 << layout.chroma_shift_x)]
        shapes = [shape[:2] for shape in layout.plane_shapes(*size)[:2]]
        self._weights = [
            (
                rows.new_zeros(len(rows), down, dtype=arithmetic),
                rows.new_zeros(len(columns), across, dtype=arithmetic),
            )
            for down, across in shapes
        ]
        self.input = rows.new_zeros(len(rows), len(columns), 3, dtype=torch.uint8)

    def weigh(self) -> None:
        """Make the weights for the boxes."""
        for (down, across), (rows, columns) in zip(self._spans, self._weights, strict=False):
            rows.copy_(weights_of(self._rows, rows.shape[1], down))
            columns.copy_(weights_of(self._columns, columns.shape[1], across))

    def make(self, levels: Sequence[Tensor]) -> None:
        """Make the input from what `levels_of` gives."""
        parts = [
            resized(part, rows, columns)
            for part, (rows, columns) in zip(levels, self._weights, strict=True)
        ]
        self.input.copy_(rgb_levels(parts, self._matrix))


def weights_of(boxes: Tensor, samples: int, span: int) -> Tensor:
    """(..., N, samples) float32: the share of each box in each sample; rows add up to 1.

    Args:
        boxes: (..., N, 2) float32, in luma samples.
        samples: of the plane along this axis.
        span: luma samples that one of them stands for.
    """
    starts = torch.arange(samples, device=boxes.device, dtype=torch.float32) * span
    first, last = boxes[..., :1], boxes[..., 1:]
    common = torch.minimum(last, starts + span) - torch.maximum(first, starts)
    return common.clamp(min=0) / (last - first)


def levels_of(planes: Sequence[Tensor], layout: Layout, kind: torch.dtype) -> list[Tensor]:
    """Luma as (1, H, W) and, where there is any, chroma as (2, h, w), in 8-bit levels.

    Args:
        planes: as the layout says, uint8, or int16 that hold the bits of uint16.
        layout: of the planes.
        kind: floating type of the result.
    """
    luma, *chroma = planes
    parts = [luma.unsqueeze(0)]
    if layout.interleaved:
        parts.append(chroma[0].permute(2, 0, 1).contiguous())
    elif chroma:
        parts.append(torch.stack(chroma))
    if layout.bits == 8:
        return [part.to(kind) for part in parts]
    unit = 1 << (layout.bits - 8 + layout.shift)
    return [((part.to(torch.int32) & 0xFFFF) / unit).to(kind) for part in parts]


def resized(levels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """(..., h, w) of (..., H, W) by (..., h, H) and (..., w, W) weights, all of one type."""
    return torch.matmul(torch.matmul(rows, levels), columns.mT)


def rgb_levels(parts: Sequence[Tensor], matrix: Tensor) -> Tensor:
    """(h, w, 3) uint8 from luma and chroma of one size, rounded and clipped.

    Args:
        parts: (1, h, w) and, but for grey, (2, h, w), in levels.
        matrix: (3, 4) float32 from those levels to RGB, the offset last.
    """
    samples = torch.cat([part.float() for part in parts])
    count, height, width = samples.shape
    rgb = matrix[:, :count] @ samples.flatten(1) + matrix[:, 3:]
    rounded = rgb.round().clamp(0, 255).to(torch.uint8)
    return rounded.view(3, height, width).permute(1, 2, 0)
