"""`divergent-train bundle`: checkpoints into an ensemble."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from train.commands.options import Output, Overwrite, Several, named_path, refuse_existing
from train.errors import SettingsError

if TYPE_CHECKING:
    from nets.bundle import Bundle

UNTELLING = frozenset({"best", "last"})
"""Stems of files that a run's folder tells more of."""


def bundle(
    *checkpoints: str,
    output: Output,
    shares: Annotated[tuple[float, ...], Several] = (),
    threshold: float = 0.5,
    certainty: float = 0.0,
    half: bool = False,
    overwrite: Overwrite = False,
) -> None:
    """Make an ensemble of checkpoints.

    Args:
        checkpoints: The members, PATH or NAME=PATH; best.safetensors is named after its folder.
        output: The bundle's folder.
        shares: Each member's weight in the fusion; the plain mean if not given.
        threshold: Above it a pixel is polyp.
        certainty: A region counts only where a pixel of it is above that; 0 counts all.
        half: Store the weights in half precision.
        overwrite: Replace a bundle.
    """
    from nets.bundle import write_bundle
    from nets.grid import Fusion

    members: dict[str, Path] = {}
    for written in checkpoints:
        name, path = _named(written)
        if name in members:
            raise SettingsError(f"two members are called {name}: give NAME=PATH")
        members[name] = path
    refuse_existing(output, overwrite)
    fusion = Fusion("weighted", shares) if shares else Fusion()
    made = write_bundle(
        output, members, fusion=fusion, threshold=threshold, certainty=certainty, half=half
    )
    print_bundle(made, output)


def print_bundle(bundle: "Bundle", folder: Path) -> None:
    """Print a bundle's members and what they cost."""
    from nets.cost import fusion_cost, member_costs

    costs = member_costs(bundle)
    costs["together"] = sum(costs.values(), fusion_cost(bundle))
    width = max(len(name) for name in costs)
    print(f"{'':<{width}} parameters    GFLOP       MB   validation IoU")
    earned = {member.name: member.header.metrics for member in bundle.members}
    for name, cost in costs.items():
        iou = earned.get(name, {}).get("validation_iou")
        print(
            f"{name:<{width}}{cost.parameters / 1e6:>9.2f} M{cost.flop / 1e9:>9.2f}"
            f"{cost.disk_bytes / 1e6:>9.1f}   {'' if iou is None else f'{iou:.3f}'}".rstrip()
        )
    grid = bundle.grid
    print(
        f"{folder}: {bundle.fusion.kind} of {len(bundle.members)} on {grid.width}x{grid.height} "
        f"of the {grid.extent}, polyp above {bundle.threshold}"
        + (f" in regions above {bundle.certainty}" if bundle.certainty else "")
    )


def _named(written: str) -> tuple[str, Path]:
    name, path = named_path(written)
    if not name:
        name = path.resolve().parent.name if path.stem in UNTELLING else path.stem
    return name, path
