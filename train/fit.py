"""A sample's journey through a training: dataset, member, loss, checkpoint."""

import math
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nets.checkpoint import Header, read_header
from nets.spec import MemberSpec
from train.curves import Curves
from train.dataset import Samples
from train.errors import TrainingError
from train.hardware import Hardware, is_first_process, open_fabric
from train.learner import Learner
from train.loader import (
    SEED_STRIDE,
    Batches,
    Loader,
    read_batches,
    training_loader,
    validation_loader,
)
from train.manifest import Sample
from train.memory import is_out_of_memory, largest_that_fits
from train.provenance import centres_seen
from train.reports import EpochReport, Progress, StepReport
from train.run_folder import RunFolder, digest_of
from train.settings import Recipe
from train.start import start_module
from train.taught import TaughtSamples
from train.teacher import Teacher, Teaching
from train.validation import validate


def fit(
    spec: MemberSpec,
    recipe: Recipe,
    training: Sequence[Sample],
    validation: Sequence[Sample],
    folder: Path,
    *,
    init: Path | None = None,
    encoders: Sequence[Path] = (),
    teaching: Teaching | None = None,
    hardware: Hardware | None = None,
    keep: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Train one member, or go on where a run in the same folder stopped.

    Stopped at any point, even killed, and started again, it ends at the same weights.

    Args:
        spec: the member.
        recipe: how to train it.
        training: samples to learn from.
        validation: samples to choose the best epoch by.
        folder: of the run, as `train.run_folder` describes it; made if missing.
        init: a checkpoint of the same network to start from instead of fresh weights.
        encoders: checkpoints whose encoders to start from: one for all networks of a triangle,
            or one for each.
        teaching: what teaches it beside the labels; with unlabelled pictures, `training` may be
            empty.
        hardware: what to run on.
        keep: how many of the best epochs to keep; `best.safetensors` is always the best.
        progress: whom to tell.

    Returns:
        The best checkpoint's path.

    Raises:
        TrainingError: no samples, another run's folder, a device or memory that does not do, a
            loss that is not a number, or a disk that is full.
        ManifestError: a sample cannot be read.
        CheckpointError: a checkpoint to start from cannot be read.
        EncoderWeightsError: encoder weights cannot be had.
    """
    splits = {"training": training, "validation": validation}
    unlabelled = teaching.unlabelled if teaching else ()
    for name, samples in splits.items():
        if not samples and not (name == "training" and unlabelled):
            raise TrainingError(f"the manifest has no {name} samples: give rows that split")
    contents = {name: digest_of(samples) for name, samples in splits.items()}
    if teaching is not None:
        contents["unlabelled"] = digest_of(unlabelled)
        contents["teacher"] = teaching.teacher.fingerprint()
    run = RunFolder(folder, spec, recipe, contents, keep, writes=is_first_process())
    if run.is_done and run.best.exists():
        return run.best
    hardware = hardware or Hardware()
    fabric = open_fabric(hardware, recipe.precision)
    first = fabric.is_global_zero

    torch.manual_seed(recipe.seed)
    module = start_module(spec, init, encoders)
    contract = spec.preprocessing
    dataset = _dataset(training, spec, recipe, teaching)
    order = Batches(
        len(dataset), recipe.batch_size, recipe.seed, fabric.global_rank, fabric.world_size
    )
    workers = hardware.workers_of(fabric)
    loader = training_loader(dataset, order, workers)
    held_out = validation_loader(Samples(validation, contract, "none", recipe.seed), workers)
    teacher = Teacher(teaching.teacher, contract) if teaching else None
    learner = Learner(fabric, module, recipe, contract, len(order), teacher)
    run.resume(learner)
    progress = progress if progress and first else Progress()

    with Curves(folder, len(run.history)) if first else nullcontext() as curves:
        while not run.is_done:
            epoch = len(run.history) + 1
            order.epoch = dataset.epoch = epoch
            # Dropout's seed is a function of the epoch, so that resuming is exact.
            torch.manual_seed(recipe.seed * SEED_STRIDE + epoch + fabric.global_rank)
            trained = _train_epoch(learner, loader, epoch, progress)
            scores = (0.0, 0.0)
            if first:
                scores = validate(learner.kept, held_out, contract, fabric.device)
            iou, dice = fabric.broadcast(scores)
            report = EpochReport(
                epoch,
                recipe.epochs,
                trained.loss,
                iou,
                dice,
                len(order) * order.size / trained.seconds,
                trained.waited / trained.seconds,
                float(learner.schedule.get_last_lr()[0]),
                best=iou > run.best_iou,
            )
            header = _header(spec, recipe, report, training, init, encoders, teaching)
            run.finish_epoch(report, learner, header)
            if curves is not None:
                curves.add(report)
            progress.epoch(report)
    return run.best


def _dataset(
    training: Sequence[Sample], spec: MemberSpec, recipe: Recipe, teaching: Teaching | None
) -> Samples:
    contract, augmentation = recipe.contract_in_training(spec.preprocessing), recipe.augmentation
    if teaching is None:
        return Samples(training, contract, augmentation, recipe.seed, cuts=recipe.cuts)
    return TaughtSamples(
        training,
        teaching.unlabelled,
        contract,
        augmentation,
        recipe.seed,
        cuts=recipe.cuts,
        ratio=recipe.unlabelled,
    )


@dataclass(frozen=True, slots=True)
class _Trained:
    """One pass: mean loss, seconds it took, seconds of them spent waiting for samples."""

    loss: float
    seconds: float
    waited: float


def _train_epoch(learner: Learner, loader: Loader, epoch: int, progress: Progress) -> _Trained:
    learner.train()
    steps, epochs = len(loader), learner.recipe.epochs
    started = asked = time.monotonic()
    total = waited = 0.0
    images_done = 0

    def settle(step: int, loss: Tensor) -> None:
        nonlocal total
        value = learner.mean_over_devices(loss)
        if not math.isfinite(value):
            raise _diverged(epoch, f"in batch {step} the loss is {value}")
        total += value
        speed = images_done / (time.monotonic() - started)
        progress.step(StepReport(epoch, epochs, step, steps, total / step, speed))

    unsettled: Tensor | None = None
    for step, (images, targets) in enumerate(read_batches(loader), 1):
        waited += time.monotonic() - asked
        loss = _step_within_memory(learner, images, targets)
        # The loss of the step before: looking at this one's would keep a GPU waiting.
        if unsettled is not None:
            settle(step - 1, unsettled)
        unsettled = loss
        images_done += len(images) * learner.fabric.world_size
        asked = time.monotonic()
    if unsettled is not None:
        settle(steps, unsettled)
    if not learner.is_finite():
        raise _diverged(epoch, "after the last batch the weights are no numbers")
    return _Trained(total / steps, time.monotonic() - started, waited)


def _diverged(epoch: int, what: str) -> TrainingError:
    return TrainingError(
        f"epoch {epoch}: {what}; the last good checkpoint is kept: lower the learning rate or set "
        "clip_norm, in a new folder"
    )


def _step_within_memory(learner: Learner, images: Tensor, targets: Tensor) -> Tensor:
    """Learn from a batch, or say which batch would fit into memory."""
    try:
        return learner.step(images, targets)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # Outside of the handler: the error holds on to what filled the memory.
    fits = 0
    if learner.fabric.world_size == 1:
        fits = largest_that_fits(
            lambda batch: learner.rehearse(images[:batch], targets[:batch]), len(images)
        )
    advice = f"batches of {fits} do: set batch_size" if fits else "give a smaller batch or input"
    raise TrainingError(
        f"batches of {len(images)} do not fit the memory of {learner.fabric.device}: {advice}"
    )


def _header(
    spec: MemberSpec,
    recipe: Recipe,
    report: EpochReport,
    training: Sequence[Sample],
    init: Path | None,
    encoders: Sequence[Path],
    teaching: Teaching | None,
) -> Header:
    starts = [init] if init else encoders
    trained_on = {
        "centres": sorted({sample.centre for sample in training}),
        "samples": len(training),
        "epoch": report.epoch,
        "recipe": recipe.as_dict(),
        "init": init.name if init else None,
        "encoders": [path.parent.name for path in encoders],
        "start_centres": _seen_by(read_header(path) for path in starts),
    }
    if teaching is not None:
        trained_on["teacher"] = teaching.teacher.name
        trained_on["teacher_weights"] = teaching.teacher.fingerprint()
        trained_on["teacher_centres"] = _seen_by(it.header for it in teaching.teacher.members)
        trained_on["unlabelled"] = len(teaching.unlabelled)
    return Header(spec, {"validation_iou": report.iou, "validation_dice": report.dice}, trained_on)


def _seen_by(headers: Iterable[Header]) -> list[str]:
    return sorted({centre for each in headers for centre in centres_seen(each.trained_on)})
