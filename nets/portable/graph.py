"""From RGB frames of any size to their masks, with nothing left to do outside.

Crop to the view, resize, normalisation, members, fusion, the way back to the frame and the
threshold are one module, made of operations that ONNX and OpenVINO have.
"""

import torch
from torch import Tensor, nn

from nets.bundle import Bundle
from nets.engine.cuda.resampling import resized, weights_of
from nets.engine.eager import load_ensemble
from nets.portable.axis import Span, boxes, inside, interpolation
from nets.preprocessing import Preprocessing

POLYP_SAMPLE = 255
"""What a mask's samples are on polyp."""


class PortableEnsemble(nn.Module):
    """A bundle with its preparation and its threshold inside.

    Args:
        bundle: the ensemble.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self.ensemble = load_ensemble(bundle)
        self.grid, self.threshold = bundle.grid, bundle.threshold

    def forward(self, frame: Tensor, view: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Find polyps.

        Args:
            frame: (N, H, W, 3) uint8, red first.
            view: (N, 4) int64: left, top, width and height of the endoscope's picture in each
                frame; what of it lies outside the frame is cut off.

        Returns:
            (N, H, W) uint8 masks, 255 on polyp; (N, h, w) float32 probability on the bundle's
            grid; (N, M, h, w) float32, each member's.
        """
        height, width = frame.shape[1], frame.shape[2]
        down = Span.within(view[:, 1], view[:, 3], height)
        across = Span.within(view[:, 0], view[:, 2], width)
        seen = {
            "view": (down, across),
            "frame": (Span.whole(view[:, 1], height), Span.whole(view[:, 0], width)),
        }
        levels = frame.permute(0, 3, 1, 2).float()
        inputs = [
            prepared(levels, *seen[contract.extent], contract)
            for contract in self.ensemble.contracts
        ]
        shares = torch.cat(
            [
                across.start / width,
                down.start / height,
                across.length / width,
                down.length / height,
            ],
            1,
        )
        fused, members = self.ensemble(shares, *inputs)
        rows, columns = seen[self.grid.extent]
        at_frame = resized(
            fused,
            interpolation(rows, self.grid.height, height),
            interpolation(columns, self.grid.width, width),
        )
        polyp = at_frame > self.threshold
        polyp = polyp & inside(down, height)[:, :, None] & inside(across, width)[:, None, :]
        return polyp.to(torch.uint8) * POLYP_SAMPLE, fused, members


def prepared(levels: Tensor, down: Span, across: Span, contract: Preprocessing) -> Tensor:
    """A contract's input, (N, h, w, 3) uint8, as `nets.preprocessing.prepare_rgb` makes it.

    Args:
        levels: (N, 3, H, W) float32, red first, from 0 to 255.
        down: rows that the network is shown of the frames.
        across: columns.
        contract: what it wants.
    """
    areas = (down.length >= contract.height) & (across.length >= contract.width)
    rows = boxes(down, contract.height, contract.resize, areas)
    columns = boxes(across, contract.width, contract.resize, areas)
    small = resized(
        levels,
        weights_of(rows, levels.shape[2], 1)[:, None],
        weights_of(columns, levels.shape[3], 1)[:, None],
    )
    if contract.order == "bgr":
        small = small.flip(1)
    return small.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
