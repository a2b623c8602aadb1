"""`divergent-train quantise`: an ensemble that can also run in int8."""

from pathlib import Path
from typing import Annotated, Literal

from train.commands.options import Output, Overwrite, Several, refuse_existing
from train.errors import TrainingError


def quantise(
    *,
    manifest: Path,
    output: Output,
    weights: Annotated[tuple[Path, ...], Several] = (),
    split: str = "train",
    frames: int = 300,
    view: Literal["auto", "full"] = "auto",
    seed: int = 0,
    overwrite: Overwrite = False,
) -> None:
    """Add an int8 model to a bundle, its ranges measured on frames of a manifest.

    Judge it before it is used: `evaluate --precision int8` on frames that it was not made of.

    Args:
        manifest: The list of images.
        output: The bundle's folder; it may be the one that is read.
        weights: A bundle, or one or more checkpoints; the shipped ensemble if not given.
        split: Which of the manifest's splits; all for every row.
        frames: How many are drawn from it.
        view: auto finds the endoscope's picture in each frame, full takes the whole frame.
        seed: Of the draw.
        overwrite: Replace a bundle.
    """
    from nets.bundle import shipped
    from nets.engine import open_engine
    from train.commands.evaluate import of_split
    from train.console import count_progress
    from train.evaluate import load_prepared
    from train.manifest import read_manifest
    from train.placed import place_bundle
    from train.quantise import choose_frames
    from train.quantise import quantise as quantise_bundle
    from train.view import find_view_in

    if frames < 1:
        raise TrainingError(f"--frames {frames}: ranges need frames to be measured on")
    weights = weights or (shipped(),)
    if list(weights) != [output]:
        refuse_existing(output, overwrite)
    chosen = choose_frames(of_split(read_manifest(manifest), split, manifest), frames, seed)
    bundle = place_bundle(weights, output)
    find_view = find_view_in if view == "auto" else None
    pictures = []
    with (
        open_engine([str(output)], device="cpu", precision="f32") as engine,
        count_progress("reading") as progress,
    ):
        for sample in chosen:
            pictures.append(load_prepared(sample, engine, find_view)[2])
            progress(len(pictures), len(chosen))
    calibration: dict[str, str | int] = {
        "manifest": manifest.name,
        "split": split,
        "frames": len(chosen),
        "view": view,
        "seed": seed,
    }
    made = quantise_bundle(bundle, pictures, calibration)
    assert made.quantised is not None
    print(f"{made.quantised.model}: int8, ranges of {len(chosen)} frames")
