"""Look at a network while it runs, then put other modules into it."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


def run_watched(network: nn.Module, picture: Tensor, hooks: Iterable[RemovableHandle]) -> None:
    """Run a network once with hooks on it, which come off again whatever happens.

    Args:
        network: in evaluation mode.
        picture: (N, 3, H, W).
        hooks: registered on its modules, as they are here when they are asked for.
    """
    registered = list(hooks)
    try:
        with torch.inference_mode(mode=False), torch.no_grad():  # versions are not kept inside
            network(picture)
    finally:
        for hook in registered:
            hook.remove()


def replace_modules(network: nn.Module, made: Mapping[nn.Module, nn.Module]) -> int:
    """Put others in the place of some modules, wherever each stands; how many were given."""
    for name, module in list(network.named_modules(remove_duplicate=False)):
        if module in made:
            network.set_submodule(name, made[module])
    return len(made)
