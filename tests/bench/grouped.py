"""Encoders of one kind as a single one with groups: what they share, if they share anything."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class Separate(nn.Module):
    """Encoders one after another on the same picture; the last features of each."""

    def __init__(self, encoders: Sequence[nn.Module]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)

    def forward(self, picture: Tensor) -> Tensor:
        return torch.cat([encoder(picture)[-1] for encoder in self.encoders], 1)


class Grouped(nn.Module):
    """The same as one encoder, whose convolutions have a group for each."""

    def __init__(self, encoders: Sequence[nn.Module]) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoders[0])
        self._first = True
        self._join(self.encoder, encoders)

    def forward(self, picture: Tensor) -> Tensor:
        features: Tensor = self.encoder(picture)[-1]
        return features

    def _join(self, joined: nn.Module, parts: Sequence[nn.Module]) -> None:
        """Give every layer of the first encoder the other encoders' channels too."""
        for name, child in list(joined.named_children()):
            children: list[Any] = [getattr(part, name) for part in parts]
            if isinstance(child, nn.Conv2d):
                setattr(joined, name, self._convolution(children))
            elif isinstance(child, nn.BatchNorm2d):
                for tensor in ("weight", "bias", "running_mean", "running_var"):
                    values = torch.cat([getattr(norm, tensor).detach() for norm in children])
                    was = getattr(child, tensor)
                    made = nn.Parameter(values) if isinstance(was, nn.Parameter) else values
                    setattr(child, tensor, made)
                child.num_features *= len(children)
            self._join(getattr(joined, name), children)

    def _convolution(self, parts: Sequence[nn.Conv2d]) -> nn.Conv2d:
        # The first one sees the picture itself, which all share; others see their own features.
        several, like = (1 if self._first else len(parts)), parts[0]
        self._first = False
        made = nn.Conv2d(
            like.in_channels * several,
            like.out_channels * len(parts),
            like.kernel_size,  # type: ignore[arg-type]
            like.stride,  # type: ignore[arg-type]
            like.padding,
            like.dilation,  # type: ignore[arg-type]
            groups=like.groups * several,
            bias=like.bias is not None,
        )
        made.weight = nn.Parameter(torch.cat([part.weight.detach() for part in parts]))
        return made
