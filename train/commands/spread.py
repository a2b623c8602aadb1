"""`divergent-train spread`: what of a figure is the seed's."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from train.commands.options import Overwrite, refuse_existing
from train.errors import TrainingError


def spread(
    *evaluations: Path,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    overwrite: Overwrite = False,
) -> None:
    """Print how far trainings of one model from several seeds lie apart.

    Args:
        evaluations: JSON files that `evaluate` wrote, with one --name for all of a model.
        output: Markdown file to write instead of printing.
        overwrite: Replace the file.
    """
    if not evaluations:
        raise TrainingError("no evaluations: name JSON files that `evaluate` wrote")
    from train.evaluation_files import read_evaluation
    from train.spread import seed_spread

    text = seed_spread([read_evaluation(path) for path in evaluations])
    if output is None:
        print(text)
        return
    refuse_existing(output, overwrite)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
