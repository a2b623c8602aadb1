"""An ensemble with random weights, to measure what its trained twin would cost.

`random:PLAN.yaml?seed=3` names the members of a training plan, such as
`random:configs/ensembles/paper.yaml`.
"""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from nets.bundle import Bundle, read_bundle, write_bundle
from nets.cache import cache_folder, kept_whole
from nets.errors import BundleError
from nets.spec import MemberSpec
from nets.yaml_file import read_yaml

if TYPE_CHECKING:
    from torch import nn

ADDRESS = re.compile(r"random:(?P<plan>[^?]+)(\?seed=(?P<seed>\d{1,9}))?")
RECIPE = 3
"""Raised when the same address gives other weights, so that kept ones are made anew."""

CARD = (
    "Random weights: for measuring speed, not for finding polyps. Whatever is marked means nothing."
)
RESIDUAL_SHARE = 0.2
"""Of a residual branch's last norm. At 1, layer upon layer multiplies every rounding, as no trained
network does; trainings begin near 0 for that reason (Goyal et al., 2017, section 5.1)."""

PICTURES, SIDE = 4, 128
"""Pictures of noise, and their side, from which layers learn what passes through them."""


@dataclass(frozen=True)
class _Members:
    """What of a plan makes an ensemble; its other keys are about training."""

    members: dict[str, MemberSpec] = Field(min_length=1)


def untrained(address: str, notify: Callable[[str], None] = lambda line: None) -> Bundle:
    """The ensemble of an address, made now if it never was; the same one everywhere.

    Args:
        address: `random:PLAN.yaml` or `random:PLAN.yaml?seed=N`.
        notify: told before something that takes long.

    Raises:
        BundleError: the address or the plan makes no sense.
        CheckpointError: a member cannot be built.
        EngineError: the weights cannot be kept.
    """
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise BundleError(f"{address}: write random:PLAN.yaml or random:PLAN.yaml?seed=3")
    plan, seed = Path(found["plan"]), int(found["seed"] or 0)
    specs = {name: spec.from_scratch() for name, spec in _members_of(plan).items()}
    told = json.dumps([RECIPE, seed, [[n, spec.as_dict()] for n, spec in specs.items()]])
    digest = hashlib.sha256(told.encode()).hexdigest()[:16]
    folder, name = cache_folder() / "untrained" / digest, f"random-{plan.stem}"
    if not folder.exists():
        notify(f"making random weights for {plan.name}, once")
        with kept_whole(folder) as aside:
            _write(aside / name, specs, seed)
    return read_bundle(folder / name)


def _members_of(plan: Path) -> dict[str, MemberSpec]:
    values = read_yaml(plan, BundleError)
    try:
        known: Any = {"members": values["members"]} if isinstance(values, dict) else {}
        return TypeAdapter(_Members).validate_python(known).members
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleError(f"{plan}: {where}: {first['msg']}") from error
    except KeyError as error:
        raise BundleError(
            f"{plan}: no plan with members: name one such as configs/ensembles/paper.yaml"
        ) from error


def _write(folder: Path, specs: dict[str, MemberSpec], seed: int) -> None:
    import torch

    from nets.architectures import build
    from nets.checkpoint import Header, save_checkpoint

    with TemporaryDirectory(dir=folder.parent) as loose, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        paths = {}
        for name, spec in specs.items():
            module = build(spec)
            _settle(module)
            paths[name] = Path(loose) / f"{name}.safetensors"
            save_checkpoint(paths[name], module, Header(spec, trained_on={"seed": seed}), half=True)
        write_bundle(folder, paths, half=True)
    (folder / "README.md").write_text(CARD, encoding="utf-8")


def _settle(module: "nn.Module") -> None:
    """Fit the norms' statistics, and the last layers, to what passes through random layers.

    As they come they fit no network: values fade from layer to layer, maps are flat or full, and
    what a lower precision does to them says nothing.
    """
    import torch
    from segmentation_models_pytorch.base import SegmentationHead
    from segmentation_models_pytorch.encoders._senet import Bottleneck
    from torch import Tensor, nn

    def centre(layer: nn.Module, given: object, scores: Tensor) -> Tensor:
        assert isinstance(layer, nn.Conv2d) and layer.bias is not None
        spread, mean = torch.std_mean(scores, (0, 2, 3))
        layer.weight.div_(spread.view(-1, 1, 1, 1))
        layer.bias.sub_(mean).div_(spread)
        return (scores - mean.view(1, -1, 1, 1)) / spread.view(1, -1, 1, 1)

    hooks = []
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
        if isinstance(part, Bottleneck):
            nn.init.constant_(part.bn3.weight, RESIDUAL_SHARE)
        if isinstance(part, SegmentationHead):
            hooks.append(part[0].register_forward_hook(centre))
    module.train()
    with torch.no_grad():
        module(torch.randn(PICTURES, 3, SIDE, SIDE))
    module.eval()
    for hook in hooks:
        hook.remove()
