"""Two classes told by one map: half of the last layers' work, and the same answer.

Of two classes, softmax gives the polyp 1 / (1 + exp(other - polyp)): the sigmoid of their
difference. The last convolution and the enlarging after it are linear, so the difference can be
taken of the convolution's weights, once.
"""

import torch
from torch import nn

from nets.ensemble import DivergentNets
from nets.spec import POLYP
from nets.trinet import TriNet


def join_classes(ensemble: DivergentNets) -> int:
    """Let members that end in a softmax over two classes give the polyp's map alone, in place.

    Returns:
        How many do now.
    """
    joined = 0
    for member in ensemble.members:
        last = member.top if isinstance(member, TriNet) else member
        head = getattr(last, "segmentation_head", None)
        if head is None or not _is_softmax_of_two(head):
            continue
        both: nn.Conv2d = head[0]
        one = nn.Conv2d(both.in_channels, 1, both.kernel_size, padding=both.padding)  # type: ignore[arg-type]
        assert one.bias is not None and both.bias is not None
        with torch.no_grad():
            one.weight.copy_(both.weight[POLYP] - both.weight[1 - POLYP])
            one.bias.copy_(both.bias[POLYP] - both.bias[1 - POLYP])
        head[0], head[2] = one.requires_grad_(requires_grad=False), nn.Sigmoid()
        joined += 1
    return joined


def _is_softmax_of_two(head: nn.Module) -> bool:
    """Whether it is a convolution to two maps, perhaps enlarging, and softmax over the two."""
    if not isinstance(head, nn.Sequential) or len(head) != 3:
        return False
    first, last = head[0], getattr(head[2], "activation", None)
    return (
        isinstance(first, nn.Conv2d)
        and first.out_channels == 2
        and first.bias is not None
        and isinstance(last, nn.Softmax)
        and last.dim == 1
    )
