"""All figures of a trained ensemble, in one folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from nets.engine.protocol import Engine
from train.canvas import save
from train.errors import TrainingError
from train.evaluate import WHOLE_FRAME
from train.evaluation import Evaluation
from train.manifest import Sample
from train.mask_plots import disagreement_rows, figure_2, figure_4
from train.metrics import image_scores
from train.plots import (
    History,
    dice_against_size,
    disagreement_against_dice,
    reliability_diagram,
    training_curves,
)
from train.shown import choose_rows, show_sample, show_trinet
from train.view import find_view_in


def draw_figures(
    folder: Path,
    *,
    evaluations: Sequence[Evaluation] = (),
    histories: Mapping[str, History] | None = None,
    engine: Engine | None = None,
    samples: Sequence[Sample] = (),
    trinet: Path | None = None,
) -> list[Path]:
    """Draw every figure that what is given suffices for, each as PNG and PDF.

    Args:
        folder: where to; made if it is not there.
        evaluations: of the members and, last, of the ensemble, on the same images: Dice against
            polyp size, reliability, disagreement of the members.
        histories: of the trainings, by member: the training curves.
        engine: the ensemble; with `samples` and `evaluations` it gives Figure 4 and the maps of
            disagreement.
        samples: those that were evaluated; others are passed over.
        trinet: a checkpoint of TriUNet; with `samples` and `evaluations` it gives Figure 2, of
            Figure 4's middle row.

    Returns:
        The files.

    Raises:
        TrainingError: what is given suffices for no figure, does not fit together, or cannot be
            written.
        ManifestError: a sample cannot be read.
        EngineError: the engine cannot run.
        CheckpointError: the TriUNet cannot be read.
    """
    figures: dict[str, Figure] = {}
    if histories:
        figures["training-curves"] = training_curves(histories)
    if evaluations:
        figures["dice-against-size"] = dice_against_size(evaluations)
        figures["reliability"] = reliability_diagram(evaluations)
    if len(evaluations) > 2:
        *members, ensemble = evaluations
        figures["disagreement-against-dice"] = disagreement_against_dice(members, ensemble)
    if evaluations and samples and (engine is not None or trinet is not None):
        rows = choose_rows(evaluations[-1])
        chosen = _samples_of(evaluations[-1], rows, samples)
        # What is drawn is what was scored.
        whole = evaluations[-1].conditions.get("view") == WHOLE_FRAME
        find_view = None if whole else find_view_in
        if engine is not None:
            shown = [show_sample(sample, engine, find_view) for sample in chosen]
            scores = image_scores(evaluations[-1].grid_rows)["f1"][rows]
            figures["figure-4"] = figure_4(shown, scores.tolist())
            figures["disagreement"] = disagreement_rows(shown)
        if trinet is not None:
            middle = chosen[len(chosen) // 2]
            figures["figure-2"] = figure_2(show_trinet(middle, trinet, find_view))
    if not figures:
        raise TrainingError(
            "nothing to draw: give evaluations, trainings' histories, or weights with a manifest "
            "and evaluations"
        )
    return [file for name, figure in figures.items() for file in save(figure, folder / name)]


def _samples_of(
    evaluation: Evaluation, rows: Sequence[int], samples: Sequence[Sample]
) -> list[Sample]:
    by_content = {sample.sha256: sample for sample in samples}
    missing = [row for row in rows if evaluation.images[row].sha256 not in by_content]
    if missing:
        raise TrainingError(
            f"{evaluation.images[missing[0]].image.name} was evaluated but is not in the "
            "manifest: give the manifest that was evaluated"
        )
    return [by_content[evaluation.images[row].sha256] for row in rows]
