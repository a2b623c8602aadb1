"""`divergent-train evaluate`: scores of weights on a manifest."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from train.commands.options import Overwrite, Several, refuse_existing
from train.errors import ManifestError, SettingsError, TrainingError

if TYPE_CHECKING:
    from nets.bundle import Bundle
    from train.manifest import Sample

ENSEMBLE = "divergentnets"
"""What the tables call an ensemble beside its members."""

EVERY_SPLIT = "all"


def evaluate(
    *,
    manifest: Path,
    weights: Annotated[tuple[str, ...], Several] = (),
    split: str = "test",
    json: Path | None = None,
    members: bool = False,
    leave_one_out: bool = False,
    cost: bool = False,
    view: Literal["auto", "full"] = "auto",
    certainty: float | None = None,
    name: str = "",
    device: str = "auto",
    precision: str = "auto",
    cluster_by: Literal["sequence", "centre", "image"] | None = None,
    overwrite: Overwrite = False,
) -> None:
    """Score weights on a manifest, by every convention, with intervals.

    Args:
        manifest: The list of images and masks.
        weights: A bundle, or one or more checkpoints; the shipped ensemble if not given.
        split: Which of the manifest's splits; all for every row.
        json: File for the numbers; a row an image goes to a CSV file beside it, a page to read
            to a Markdown file. With --members, each member has its own files beside these.
        members: Score each member alone too.
        leave_one_out: Score the ensemble without each of its members too.
        cost: Count and time a frame, for each member alone too.
        view: auto finds the endoscope's picture in each frame, full takes the whole frame.
        certainty: Of regions that count, not the bundle's own; 0 counts all, as the paper does.
        name: What the tables call it; the weights' own name if not given.
        device: auto, cpu (OpenVINO), eager (PyTorch on the CPU) or cuda[:N].
        precision: auto, f32, f16, bf16 or int8.
        cluster_by: What the bootstrap draws; what is known decides if not given.
        overwrite: Replace existing files.
    """
    if certainty is not None and not 0 <= certainty < 1:
        raise SettingsError(f"--certainty {certainty:g}: name a probability from 0 to below 1")
    if json is not None:
        refuse_existing(json, overwrite)
    from nets.engine import named_bundle, open_engine
    from train.console import count_progress
    from train.costing import costs_of
    from train.evaluate import evaluate as evaluate_weights
    from train.evaluate import evaluate_members
    from train.evaluation_files import write_evaluation
    from train.evaluation_text import evaluation_page
    from train.manifest import read_manifest
    from train.view import find_view_in

    bundle = named_bundle(weights) if cost or leave_one_out else None
    shares = _shares(bundle) if leave_one_out else ()
    samples = of_split(read_manifest(manifest), split, manifest)
    with open_engine(weights, device=device, precision=precision) as engine:
        if certainty is not None:
            engine.certainty = certainty
        several = members or leave_one_out
        together = ENSEMBLE if several and len(engine.members) > 1 else engine.name
        wishes: dict[str, Any] = {
            "name": name or together,
            "find_view": find_view_in if view == "auto" else None,
            "conditions": {"manifest": manifest.name},
        }
        with count_progress("evaluating") as progress:
            if several:
                evaluations = evaluate_members(
                    engine, samples, shares=shares, progress=progress, **wishes
                )
            else:
                evaluations = [evaluate_weights(engine, samples, progress=progress, **wishes)]
        if cost and bundle is not None:
            costs = costs_of(bundle, engine, device, precision)
            costs[evaluations[-1].name] = costs[""]
            evaluations = [replace(it, cost=costs.get(it.name, {})) for it in evaluations]
    *alone, fused = evaluations
    if not members:
        alone = [each for each in alone if each.name not in engine.members]
    files = [(each, f"-{each.name}") for each in alone] + [(fused, "")]
    for evaluation, suffix in files:
        if json is None:
            print(evaluation_page(evaluation.summary(cluster_by=cluster_by)))
            continue
        path = json.with_name(f"{json.stem}{suffix}.json")
        values = write_evaluation(path, evaluation, cluster_by=cluster_by)
        polyp = values["paper"]["polyp"]
        print(f"{path}: {evaluation.name}: IoU {polyp['iou']:.3f}, F1 {polyp['f1']:.3f}")


def _shares(bundle: "Bundle | None") -> tuple[float, ...]:
    """Each member's share, for an ensemble whose members can be left out.

    Raises:
        TrainingError: they cannot.
    """
    if bundle is None or len(bundle.members) < 2:
        raise TrainingError("--leave-one-out needs an ensemble of at least two members")
    if bundle.fusion.is_learned:
        raise TrainingError(
            f"{bundle.name}: its fusion was learned with all members: fit one without a member "
            "by `divergent-train fuse`, or leave one out of its mean"
        )
    return bundle.fusion.shares(len(bundle.members))


def of_split(samples: "list[Sample]", split: str, manifest: Path) -> "list[Sample]":
    """The samples of one split of a manifest, or of all.

    Raises:
        ManifestError: it has none.
    """
    chosen = [sample for sample in samples if split in {EVERY_SPLIT, sample.split}]
    if not chosen:
        there = ", ".join(sorted({sample.split or "none" for sample in samples}))
        raise ManifestError(f"{manifest}: has no split {split}; it has {there}")
    return chosen
