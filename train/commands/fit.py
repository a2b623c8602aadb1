"""`divergent-train fit`: members from a plan, one after another, and their bundle."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from train.commands.training import TrainingOptions, train_members


def fit(config: Path, /, *, options: Annotated[TrainingOptions, Parameter(name="*")]) -> None:
    """Train an ensemble's members one after another, or go on where they stopped.

    Each member has a folder of its own name in the output: best.safetensors is what it is about.
    Once all members are trained, OUTPUT/bundle holds them as an ensemble.

    Args:
        config: The plan, such as configs/ensembles/compact.yaml.
        options: What is told beside it.
    """
    from train.manifest import read_manifest
    from train.settings import read_plan

    plan = read_plan(config, options.recipe)
    train_members(plan, options, read_manifest(options.manifest))
