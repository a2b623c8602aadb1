"""`divergent-train figures`: the paper's Figures 2 and 4, and what tells more of a training."""

from pathlib import Path
from typing import Annotated

from train.commands.options import Output, Overwrite, Several, refuse_existing


def figures(
    *inputs: Path,
    output: Output,
    weights: Annotated[tuple[str, ...], Several] = (),
    manifest: Path | None = None,
    trinet: Path | None = None,
    device: str = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Draw the paper's Figures 2 and 4, training curves, reliability and disagreement.

    Whatever the inputs suffice for is drawn, as PNG and PDF.

    Args:
        inputs: JSON files that `evaluate --members` wrote, the ensemble's last; folders of
            trainings for their curves.
        output: Folder for the figures.
        weights: The ensemble that was evaluated, for Figure 4 and, if it has a TriUNet, Figure 2.
        manifest: The list that was evaluated; goes with weights.
        trinet: A TriUNet's checkpoint for Figure 2.
        device: auto, cpu, eager or cuda[:N].
        overwrite: Write into a folder that holds something.
    """
    refuse_existing(output, overwrite)
    from contextlib import nullcontext

    from nets.bundle import read_weights
    from nets.engine import open_engine
    from nets.spec import TriNetSpec
    from train.evaluation_files import read_evaluation
    from train.figures import draw_figures
    from train.manifest import read_manifest
    from train.plots import read_history
    from train.run_folder import HISTORY

    if weights and trinet is None:
        members = read_weights([Path(name) for name in weights]).members
        triangles = [m.path for m in members if isinstance(m.header.spec.network, TriNetSpec)]
        trinet = next(iter(triangles), None)
    histories = {
        folder.name: read_history(folder / HISTORY) for folder in inputs if folder.is_dir()
    }
    with open_engine(weights, device=device) if weights else nullcontext() as engine:
        files = draw_figures(
            output,
            evaluations=[read_evaluation(path) for path in inputs if not path.is_dir()],
            histories=histories,
            engine=engine,
            samples=read_manifest(manifest) if manifest else (),
            trinet=trinet,
        )
    for file in files:
        print(file)
