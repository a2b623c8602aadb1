"""`divergent-train fit`: members from a plan, one after another, and their bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from train.commands.options import Output, Several
from train.errors import TrainingError

if TYPE_CHECKING:
    from train.manifest import Sample

BUNDLE = "bundle"
"""Folder of the bundle, beside the members' folders."""


def fit(
    config: Path,
    /,
    *,
    manifest: Path,
    output: Output,
    member: Annotated[tuple[str, ...], Several] = (),
    recipe: Path | None = None,
    epochs: int | None = None,
    size: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    patience: int | None = None,
    precision: str | None = None,
    seed: int | None = None,
    init: Path | None = None,
    encoder_from: Annotated[tuple[Path, ...], Several] = (),
    encoder_weights: str | None = None,
    keep: int = 1,
    device: str = "auto",
    devices: int = 1,
    workers: int | None = None,
) -> None:
    """Train an ensemble's members one after another, or go on where they stopped.

    Each member has a folder of its own name in the output: best.safetensors is what it is about.
    Once all members are trained, OUTPUT/bundle holds them as an ensemble.

    Args:
        config: The plan, such as configs/ensembles/compact.yaml.
        manifest: The list of images and masks; its splits train and validation are used.
        output: Folder for the members' folders.
        member: Train these alone, and make no bundle.
        recipe: A recipe's file instead of the plan's own.
        epochs: Instead of the recipe's.
        size: Rows and columns of the networks' input instead of the plan's.
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
    from train.settings import read_plan

    plan = read_plan(config, recipe)
    changes = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "patience": patience,
        "precision": precision,
        "seed": seed,
    }
    names = member or tuple(plan.members)
    wanted = {
        name: (
            plan.spec_of(name, size=size, encoder_weights=encoder_weights),
            plan.recipe_of(name, **changes),
        )
        for name in names
    }
    if init is not None and not init.is_dir() and len(names) > 1:
        raise TrainingError(f"{init}: one checkpoint starts one member: name it with --member")
    training, validation = _splits(manifest)

    from train.console import TrainingConsole
    from train.fit import fit as train_member
    from train.hardware import Hardware, is_first_process

    best: dict[str, Path] = {}
    with TrainingConsole() as console:
        for name, (spec, its_recipe) in wanted.items():
            try:
                with console.member(name) as progress:
                    best[name] = train_member(
                        spec,
                        its_recipe,
                        training,
                        validation,
                        output / name,
                        init=_init_of(name, init),
                        encoders=encoder_from,
                        hardware=Hardware(device, devices, workers),
                        keep=keep,
                        progress=progress,
                    )
            except KeyboardInterrupt as stop:
                stop.add_note(f"{name} goes on from its last whole epoch by the same command")
                raise
            if is_first_process():
                console.say(f"{name}: {_earned(best[name])}")
    if not member and is_first_process():
        _bundle(best, output / BUNDLE)


def _splits(manifest: Path) -> "tuple[list[Sample], list[Sample]]":
    from train.manifest import read_manifest
    from train.splits import TRAIN, VALIDATION

    samples = read_manifest(manifest)
    return (
        [sample for sample in samples if sample.split == TRAIN],
        [sample for sample in samples if sample.split == VALIDATION],
    )


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
