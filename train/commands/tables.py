"""`divergent-train tables`: evaluations as the paper's tables."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from train.commands.options import Overwrite, refuse_existing
from train.errors import TrainingError


def tables(
    *evaluations: Path,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    seed: int = 0,
    overwrite: Overwrite = False,
) -> None:
    """Print the paper's Tables 2 to 4 with our figures beside its own.

    Args:
        evaluations: JSON files that `evaluate` wrote; their names say which model each is of.
        output: Markdown file to write instead of printing.
        seed: Of the bootstrap.
        overwrite: Replace the file.
    """
    if not evaluations:
        raise TrainingError("no evaluations: name JSON files that `evaluate` wrote")
    from train.evaluation_files import read_evaluation
    from train.tables import paper_tables

    text = paper_tables([read_evaluation(path) for path in evaluations], seed=seed)
    if output is None:
        print(text)
        return
    refuse_existing(output, overwrite)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
