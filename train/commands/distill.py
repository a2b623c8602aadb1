"""`divergent-train distill`: members taught by an ensemble, with frames that nobody labelled."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from train.commands.options import Several
from train.commands.training import TrainingOptions, train_members

NAMED = 10
"""So many of the pictures that are left out are named; the rest is counted."""


def distill(
    config: Path,
    /,
    *,
    teacher: Annotated[tuple[Path, ...], Several] = (),
    unlabelled: Annotated[tuple[Path, ...], Several] = (),
    teaching: float | None = None,
    ratio: float | None = None,
    options: Annotated[TrainingOptions, Parameter(name="*")],
) -> None:
    """Train networks to say what an ensemble says, or go on where they stopped.

    The same training as `fit`, and ordinary checkpoints come of it. Each picture is compared with
    what the teacher makes of it, and with its mask where there is one.

    Args:
        config: The plan, such as configs/ensembles/student.yaml.
        teacher: A bundle, or one or more checkpoints; the shipped ensemble if not given.
        unlabelled: Folders of frames without masks; what the manifest holds out is left out.
        teaching: Share of the loss that compares with the teacher instead of the recipe's.
        ratio: Unlabelled frames in an epoch for each labelled one instead of the recipe's.
        options: What is told beside it.
    """
    from nets.bundle import read_weights, shipped
    from train.console import count_progress
    from train.manifest import Sample, read_manifest
    from train.settings import read_plan
    from train.teacher import Teaching
    from train.unlabelled import find_unlabelled

    plan = read_plan(config, options.recipe)
    bundle = read_weights(teacher or [shipped()])
    samples = read_manifest(options.manifest)
    pictures: list[Sample] = []
    if unlabelled:
        with count_progress("checking") as progress:
            pictures, problems = find_unlabelled(unlabelled, samples, progress)
        for problem in problems[:NAMED]:
            print(problem, file=sys.stderr)
        if len(problems) > NAMED:
            print(f"and {len(problems) - NAMED} more are left out", file=sys.stderr)
        print(f"{len(pictures)} frames without labels")
    changes = {"teaching": teaching, "unlabelled": ratio}
    train_members(plan, options, samples, Teaching(bundle, pictures), changes)
