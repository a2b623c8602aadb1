"""`divergent-train failures`: the pictures on which an ensemble does worst, to look at."""

from pathlib import Path
from typing import Annotated

from train.commands.options import Output, Overwrite, Several, refuse_existing
from train.errors import TrainingError


def failures(
    evaluation: Path,
    /,
    *,
    manifest: Path,
    output: Output,
    weights: Annotated[tuple[str, ...], Several] = (),
    count: int = 20,
    device: str = "auto",
    precision: str = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Show the pictures on which weights do worst, and tell how they fail.

    The page is one HTML file that holds the pictures: mind their licence before you hand it on.

    Args:
        evaluation: JSON file that `evaluate` wrote of these weights.
        manifest: The list that was evaluated.
        output: The HTML file.
        weights: What was evaluated; the shipped ensemble if not given.
        count: How many pictures.
        device: auto, cpu (OpenVINO), eager (PyTorch on the CPU) or cuda[:N].
        precision: auto, f32, f16, bf16 or int8.
        overwrite: Replace the file.
    """
    refuse_existing(output, overwrite)
    if count < 1:
        raise TrainingError(f"--count {count}: a page needs a picture")
    from nets.engine import open_engine
    from train.evaluate import WHOLE_FRAME
    from train.evaluation_files import read_evaluation
    from train.failures import write_failures
    from train.manifest import read_manifest
    from train.view import find_view_in

    judged = read_evaluation(evaluation)
    samples = read_manifest(manifest)
    find_view = None if judged.conditions.get("view") == WHOLE_FRAME else find_view_in
    with open_engine(weights, device=device, precision=precision) as engine:
        worst = write_failures(output, judged, engine, samples, count=count, find_view=find_view)
    print(f"{output}: {len(worst)} pictures, F1 from {worst[0].f1:.3f} to {worst[-1].f1:.3f}")
