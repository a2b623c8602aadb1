"""Enlarging by nearest neighbour and a 3x3 convolution behind it, as one transposed convolution.

U-Net's and UNet++'s decoders enlarge a map twofold, join it with the encoder's maps and convolve
the whole. A convolution over joined channels is the sum of one over each part. In the enlarged
part neighbours repeat, so that along an axis the three taps (a, b, c) meet two samples only: an
even row the one before by a and its own by b + c, an odd row its own by a + b and the next by c.
That is a transposed convolution of stride 2 and padding 1 with the taps (c, b + c, a + b, a): four
multiplications a sample instead of nine, and neither the enlarged nor the joined map is made. At
the borders it is exact too: zeros enlarged are the zeros that a padding adds.
"""

from typing import Any

import torch
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoderBlock
from segmentation_models_pytorch.decoders.unetplusplus.decoder import DecoderBlock
from torch import Tensor, nn
from torch.nn import functional

from nets.engine.folds.rewriting import replace_modules, run_watched

TAPS = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=torch.float64)
"""From a convolution's three taps along an axis to the transposed one's four."""


class Enlarging(nn.Module):
    """A decoder's block whose first convolution enlarges what it sees.

    Args:
        block: as the library makes it; its other layers are taken over.
        channels: of the map that is enlarged.
    """

    def __init__(self, block: UnetDecoderBlock | DecoderBlock, channels: int) -> None:
        super().__init__()
        first, *rest = block.conv1
        weight = first.weight.detach()
        enlarging = torch.einsum("ia,ocab,jb->coij", TAPS, weight[:, :channels].double(), TAPS)
        self.enlarging, self.beside, self.bias = (
            None if value is None else nn.Parameter(value, requires_grad=False)
            for value in (
                enlarging.to(weight.dtype),
                weight[:, channels:].contiguous() if weight.shape[1] > channels else None,
                None if first.bias is None else first.bias.detach(),
            )
        )
        self.rest = nn.Sequential(*rest, block.conv2, block.attention2)

    def forward(self, low: Tensor, *given: Any, skip_connection: Tensor | None = None) -> Tensor:
        """The block's result.

        Args:
            low: (N, C, h, w).
            given: for UNet++ (N, S, 2 h, 2 w) of the encoder's maps; for U-Net the size, which
                is known here.
            skip_connection: U-Net's name for the encoder's maps.

        Returns:
            (N, D, 2 h, 2 w).
        """
        skip = given[0] if len(given) == 1 else skip_connection
        assert self.enlarging is not None
        alone = None if self.beside is not None else self.bias
        result = functional.conv_transpose2d(low, self.enlarging, alone, stride=2, padding=1)
        if self.beside is not None:
            assert skip is not None
            result = result + functional.conv2d(skip, self.beside, self.bias, padding=1)
        answer: Tensor = self.rest(result)
        return answer


def fold_enlarging(network: nn.Module, picture: Tensor, least: int = 1) -> int:
    """Let decoders' blocks enlarge by convolution, in place, where that is the same.

    It is not where a block enlarges other than twofold or by another filter, or has attention
    between the joined maps and its convolution: such a block stays.

    Args:
        network: takes (N, 3, H, W); in evaluation mode, on the CPU; its norms better folded, or
            they stay between the sum and its activation.
        picture: (1, 3, H, W) of the size for which it is rewritten.
        least: channels of an enlarged map below which a block stays.

    Returns:
        How many blocks were rewritten.
    """
    channels: dict[nn.Module, set[int]] = {}

    def seen(module: Any, given: tuple[Any, ...], result: Tensor) -> None:
        low = given[0]
        doubled = result.shape[2:] == (2 * low.shape[2], 2 * low.shape[3])
        pays = doubled and low.shape[1] >= least
        channels.setdefault(module, set()).add(low.shape[1] if pays else 0)

    hooks = (
        module.register_forward_hook(seen)
        for module in network.modules()
        if isinstance(module, UnetDecoderBlock | DecoderBlock) and _is_plain(module)
    )
    run_watched(network, picture, hooks)
    made: dict[nn.Module, nn.Module] = {
        block: Enlarging(block, next(iter(kinds))).eval()
        for block, kinds in channels.items()
        if len(kinds) == 1 and 0 not in kinds
    }
    return replace_modules(network, made)


def _is_plain(block: UnetDecoderBlock | DecoderBlock) -> bool:
    first = block.conv1[0] if block.conv1 is not None else None
    return (
        type(first) is nn.Conv2d  # some libraries' own ones pad by themselves
        and block.interpolation_mode == "nearest"
        and isinstance(block.attention1.attention, nn.Identity)
        and first.kernel_size == (3, 3)
        and first.stride == first.dilation == (1, 1)
        and first.padding == (1, 1)
        and first.groups == 1
        and first.padding_mode == "zeros"
    )
