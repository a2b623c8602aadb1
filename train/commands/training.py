"""What `fit` and `distill` share: their options, and members trained one after another."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from train.commands.options import Output, Several
from train.errors import TrainingError

if TYPE_CHECKING:
    from train.manifest import Sample
    from train.settings import Plan
    from train.teacher import Teaching

BUNDLE = "bundle"
"""Folder of the bundle, beside the members' folders."""


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What a training is told beside its plan.

    Attributes:
        manifest: The list of images and masks; its splits train and validation are used.
        output: Folder for the members' folders.
        member: Train these alone, and make no bundle.
        recipe: A recipe's file instead of the plan's own.
        epochs: Instead of the recipe's.
        size: Rows and columns of the networks' input instead of the plan's, in learning too.
        batch_size: Instead of the recipe's.
        learning_rate: Instead of the recipe's.
        patience: Stop after so many epochs without a better one.
        precision: auto, 32-true, bf16-mixed or 16-mixed.
        seed: Of weights, order and augmentation.
        init: A checkpoint of the member, or a bundle with members of the same names, to start
            from.
        encoder_from: Checkpoints whose encoders to start from: one, or one for each network of a
            triangle.
        encoder_weights: What encoders start from instead of the plan's: none, imagenet or a file.
        keep: How many of the best epochs to keep.
        device: auto, cpu, cuda or cuda:N.
        devices: How many of them train as one.
        workers: Processes a device that prepare samples; the machine decides if not given.
    """

    manifest: Path
    output: Output
    member: Annotated[tuple[str, ...], Several] = ()
    recipe: Path | None = None
    epochs: int | None = None
    size: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    patience: int | None = None
    precision: str | None = None
    seed: int | None = None
    init: Path | None = None
    encoder_from: Annotated[tuple[Path, ...], Several] = ()
    encoder_weights: str | None = None
    keep: int = 1
    device: str = "auto"
    devices: int = 1
    workers: int | None = None


def train_members(
    plan: "Plan",
    options: TrainingOptions,
    samples: "list[Sample]",
    teaching: "Teaching | None" = None,
    changes: Mapping[str, object] | None = None,
) -> None:
    """Train a plan's members one after another, or go on where they stopped; bundle their best.

    Args:
        plan: members and recipe.
        options: what the command line says.
        samples: the manifest's.
        teaching: what teaches beside the labels.
        changes: further changes of the recipe.

    Raises:
        DivergentError: as `train.fit.fit`, and where plan and options make no sense together.
    """
    names = options.member or tuple(plan.members)
    changed = {
        **(changes or {}),
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "patience": options.patience,
        "precision": options.precision,
        "seed": options.seed,
        "size_in_training": None if options.size is None else 1.0,
    }
    wanted = {
        name: (
            plan.spec_of(name, size=options.size, encoder_weights=options.encoder_weights),
            plan.recipe_of(name, **changed),
        )
        for name in names
    }
    init = options.init
    if init is not None and not init.is_dir() and len(names) > 1:
        raise TrainingError(f"{init}: one checkpoint starts one member: name it with --member")

    from train.console import TrainingConsole
    from train.fit import fit
    from train.hardware import Hardware, is_first_process
    from train.splits import TRAIN, VALIDATION

    best: dict[str, Path] = {}
    with TrainingConsole() as console:
        for name, (spec, its_recipe) in wanted.items():
            try:
                with console.member(name) as progress:
                    best[name] = fit(
                        spec,
                        its_recipe,
                        [sample for sample in samples if sample.split == TRAIN],
                        [sample for sample in samples if sample.split == VALIDATION],
                        options.output / name,
                        init=_init_of(name, init),
                        encoders=options.encoder_from,
                        teaching=teaching,
                        hardware=Hardware(options.device, options.devices, options.workers),
                        keep=options.keep,
                        progress=progress,
                    )
            except KeyboardInterrupt as stop:
                stop.add_note(f"{name} goes on from its last whole epoch by the same command")
                raise
            if is_first_process():
                console.say(f"{name}: {_earned(best[name])}")
    if not options.member and is_first_process():
        _bundle(best, options.output / BUNDLE)


def _init_of(name: str, init: Path | None) -> Path | None:
    """The checkpoint that a member starts from, out of a bundle if it is one."""
    if init is None or not init.is_dir():
        return init
    from nets.bundle import read_bundle

    for found in read_bundle(init).members:
        if found.name == name:
            return found.path
    raise TrainingError(f"{init}: has no member called {name} to start from")


def _earned(checkpoint: Path) -> str:
    from nets.checkpoint import read_header

    header = read_header(checkpoint)
    return (
        f"best epoch {header.trained_on['epoch']}, IoU {header.metrics['validation_iou']:.3f}: "
        f"{checkpoint}"
    )


def _bundle(best: dict[str, Path], folder: Path) -> None:
    from nets.bundle import write_bundle
    from train.commands.bundle import print_bundle

    print_bundle(write_bundle(folder, best), folder)
