"""Two nodes side by side, a third on their joined softmax maps (paper, section 2.1, Figure 2)."""

from functools import partial

import torch
from torch import Tensor, nn

from nets.together import Together, in_turn


class TriNet(nn.Module):
    """A triangle of three segmentation networks, trained as one.

    The first two see the image; each hands on its softmax map, and the third sees those
    maps joined along the channels and nothing of the image. TriUNet is this with three U-Nets.

    Attributes:
        together: how the first two are run.
    """

    def __init__(self, left: nn.Module, right: nn.Module, top: nn.Module) -> None:
        super().__init__()
        self.together: Together = in_turn
        self.left = left
        self.right = right
        self.top = top

    def intermediate(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The two maps the third node is shown (the paper's V1 and V2).

        Args:
            image: (N, 3, H, W) float, as the member's preprocessing says.

        Returns:
            Two (N, C, H, W) softmax maps.
        """
        left, right = self.together([partial(self.left, image), partial(self.right, image)])
        return left, right

    def forward(self, image: Tensor) -> Tensor:
        """Softmax map of the third node, (N, C, H, W), from (N, 3, H, W)."""
        final: Tensor = self.top(torch.cat(self.intermediate(image), dim=1))
        return final
