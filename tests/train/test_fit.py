"""Trainings of a tiny member: exact after any interruption, and nothing is ever lost."""

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from nets.checkpoint import load_checkpoint
from nets.errors import CheckpointError, DivergentError
from nets.spec import MEMBER_SPEC
from train.dataset import Samples
from train.errors import ManifestError, TrainingError
from train.fit import fit
from train.hardware import Hardware, open_fabric
from train.learner import Learner
from train.loader import validation_loader
from train.manifest import Sample, read_manifest, write_manifest
from train.reports import EpochReport, Progress, StepReport
from train.settings import Recipe
from train.validation import validate

RECIPE = Recipe(
    epochs=3,
    batch_size=4,
    optimiser="adamw",
    learning_rate=2e-3,
    weight_decay=0.02,
    schedule="cosine",
    warmup=0.1,
    augmentation="modern",
    cross_entropy=0.5,
    ema_decay=0.9,
    clip_norm=5.0,
    seed=3,
)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Sums of several threads are not the same twice."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Killed(BaseException):
    """What no part of a training catches."""


def killed_at(epoch: int, step: int) -> Progress:
    def stop(report: StepReport) -> None:
        if (report.epoch, report.step) == (epoch, step):
            raise Killed

    return Progress(step=stop)


@pytest.fixture
def run(training: list[Sample], validation: list[Sample], tmp_path: Path):
    def train(spec, folder: str = "run", recipe: Recipe = RECIPE, **others) -> Path:
        learn = others.pop("training", training[:12])
        judge = others.pop("validation", validation[:6])
        return fit(
            spec, recipe, learn, judge, tmp_path / folder, hardware=Hardware("cpu"), **others
        )

    return train


def history(folder: Path) -> list[dict]:
    rows = json.loads((folder / "history.json").read_text())
    for row in rows:
        del row["images_per_s"], row["waited"]  # the clock's, not the training's
    return rows


def test_a_run_that_is_killed_twice_ends_at_the_weights_of_an_unbroken_one(
    run, tiny_member
) -> None:
    spec = tiny_member("fpn")  # with dropout
    unbroken = run(spec, "unbroken")
    for epoch, step in ((2, 2), (3, 1)):
        with pytest.raises(Killed):
            run(spec, "broken", progress=killed_at(epoch, step))
    resumed = run(spec, "broken")
    assert history(unbroken.parent) == history(resumed.parent)
    for name in ("best.safetensors", "last.safetensors"):
        assert same_weights(resumed.with_name(name), unbroken.with_name(name))


def same_weights(first: Path, second: Path) -> bool:
    one, other = load_file(first), load_file(second)
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def fit_until_killed(folder: str) -> None:
    """A training in a process of its own, ended in its second epoch as by a power cut."""
    torch.set_num_threads(1)
    samples = read_manifest(Path(folder) / "m.csv")

    def kill(report: StepReport) -> None:
        if (report.epoch, report.step) == (2, 2):
            os.kill(os.getpid(), signal.SIGKILL)

    fit(
        MEMBER_SPEC.validate_json((Path(folder) / "member.json").read_bytes()),
        RECIPE,
        [sample for sample in samples if sample.split == "train"],
        [sample for sample in samples if sample.split == "validation"],
        Path(folder) / "run",
        hardware=Hardware("cpu"),
        progress=Progress(step=kill),
    )


def test_a_process_that_is_killed_loses_nothing_but_its_epoch(
    run, tiny_member, training, validation, tmp_path: Path
) -> None:
    spec = tiny_member()
    write_manifest(tmp_path / "m.csv", [*training[:12], *validation[:6]])
    (tmp_path / "member.json").write_text(json.dumps(spec.as_dict()))
    script = "import sys; from tests.train.test_fit import fit_until_killed as f; f(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        timeout=500,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert len(history(tmp_path / "run")) == 1
    load_checkpoint(tmp_path / "run" / "best.safetensors")
    assert same_weights(run(spec), run(spec, "unbroken"))


@pytest.mark.parametrize("file", ["best", "last", "history"])
def test_an_epoch_that_was_half_written_is_trained_again_to_the_same_weights(
    run, tiny_member, tmp_path: Path, file: str
) -> None:
    spec = tiny_member()
    suffix = "json" if file == "history" else "safetensors"
    folder = tmp_path / "run"

    def fill(report: EpochReport) -> None:
        if report.epoch == 2:  # the third, which is the last, is the best too
            (folder / f"{file}.partial.{suffix}").symlink_to("/dev/full")

    with pytest.raises(DivergentError, match=r"No space left on device.*make room"):
        run(spec, progress=Progress(epoch=fill))
    load_checkpoint(folder / "best.safetensors")
    resumed, unbroken = run(spec), run(spec, "unbroken")
    assert history(unbroken.parent)[2]["best"]
    assert history(resumed.parent) == history(unbroken.parent)
    for name in ("best.safetensors", "last.safetensors"):
        assert same_weights(resumed.with_name(name), unbroken.with_name(name))


def test_the_best_checkpoint_loads_and_earns_what_it_says(
    run, tiny_member, validation: list[Sample]
) -> None:
    spec = tiny_member()
    path = run(spec)
    module, header = load_checkpoint(path)
    assert header.spec == spec
    held_out = validation_loader(Samples(validation[:6], spec.preprocessing, "none", 0), 0)
    iou, dice = validate(module, held_out, spec.preprocessing, torch.device("cpu"))
    assert header.metrics["validation_iou"] == pytest.approx(iou, abs=1e-6)
    assert header.metrics["validation_dice"] == pytest.approx(dice, abs=1e-6)
    rows = history(path.parent)
    assert iou == pytest.approx(max(row["iou"] for row in rows), abs=1e-6)
    assert header.trained_on["recipe"] == RECIPE.as_dict()
    assert header.trained_on["samples"] == 12


def test_a_training_learns_what_is_drawn(run, tiny_member, training, validation) -> None:
    reports: list[EpochReport] = []
    recipe = replace(RECIPE, epochs=4, learning_rate=5e-3)
    run(
        tiny_member(),
        recipe=recipe,
        training=training,
        validation=validation,
        progress=Progress(epoch=reports.append),
    )
    assert [report.epoch for report in reports] == [1, 2, 3, 4]
    assert reports[-1].loss < 0.7 * reports[0].loss
    assert max(report.iou for report in reports) > 0.7
    assert all(0 <= report.waited <= 1 and report.images_per_s > 0 for report in reports)


def test_a_finished_run_is_not_trained_again(run, tiny_member) -> None:
    path = run(tiny_member())
    before = path.stat().st_mtime_ns

    def fail(report: object) -> None:
        raise AssertionError("trained again")

    assert run(tiny_member(), progress=Progress(fail, fail)) == path
    assert path.stat().st_mtime_ns == before


def test_another_runs_folder_is_refused_and_the_difference_named(
    run, tiny_member, training
) -> None:
    recipe = replace(RECIPE, epochs=1)
    run(tiny_member(), recipe=recipe)
    with pytest.raises(TrainingError, match=r"recipe.seed was 3, is 4"):
        run(tiny_member(), recipe=replace(recipe, seed=4))
    with pytest.raises(TrainingError, match=r"member.network"):
        run(tiny_member("fpn"), recipe=recipe)
    with pytest.raises(TrainingError, match=r"samples.training"):
        run(tiny_member(), recipe=recipe, training=training[:8])


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(
    run, tiny_member
) -> None:
    # Without warm-up and clipping, a rate like this leads out of the numbers within an epoch.
    recipe = replace(RECIPE, epochs=2, clip_norm=0.0, schedule="drop", drop_epoch=1, ema_decay=0.0)
    path = run(tiny_member(), recipe=replace(recipe, epochs=1))
    kept = path.read_bytes()
    wild = replace(recipe, learning_rate=1e30)
    with pytest.raises(
        TrainingError, match=r"epoch 1: .*(batch 2|weights).*good checkpoint"
    ) as caught:
        run(tiny_member(), "wild", recipe=wild)
    assert "\n" not in str(caught.value)
    with pytest.raises(TrainingError, match="epoch 1"):
        run(tiny_member(), "wild", recipe=wild, init=path)
    assert path.read_bytes() == kept
    assert not (path.parents[1] / "wild" / "last.safetensors").exists()


def test_early_stop_waits_as_long_as_it_is_told(run, tiny_member) -> None:
    # At this rate nothing is learned, so no epoch is better than the first.
    recipe = replace(RECIPE, epochs=9, patience=2, learning_rate=1e-12, ema_decay=0.0)
    path = run(tiny_member(), recipe=recipe)
    rows = history(path.parent)
    best = max(row["epoch"] for row in rows if row["best"])
    assert len(rows) == best + 2 < 9
    run(tiny_member(), recipe=recipe)
    assert len(history(path.parent)) == len(rows)


def test_the_best_epochs_are_kept_and_the_others_are_not(run, tiny_member) -> None:
    path = run(tiny_member(), keep=2)
    rows = sorted(history(path.parent), key=lambda row: (-row["iou"], row["epoch"]))
    files = {file.name for file in path.parent.glob("epoch-*.safetensors")}
    assert files == {f"epoch-{row['epoch']}.safetensors" for row in rows[:2]}
    best = load_file(path.parent / f"epoch-{rows[0]['epoch']}.safetensors")
    assert all(torch.equal(value, best[key]) for key, value in load_file(path).items())


def test_curves_are_written_for_tensorboard(run, tiny_member) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    path = run(tiny_member())
    events = EventAccumulator(str(path.parent / "tensorboard"))
    events.Reload()
    ious = [event.value for event in events.Scalars("validation/iou")]
    assert ious == pytest.approx([row["iou"] for row in history(path.parent)])


def test_a_training_starts_from_a_checkpoint(run, tiny_member) -> None:
    recipe = replace(RECIPE, epochs=1)
    path = run(tiny_member(), recipe=recipe)
    frozen = replace(recipe, learning_rate=1e-12, weight_decay=0.0, ema_decay=0.0)
    again = run(tiny_member(), "tuned", recipe=frozen, init=path)
    before, after = load_file(path), load_file(again)
    key = next(key for key in before if key.endswith("conv.weight"))
    assert torch.allclose(before[key], after[key], atol=1e-6)
    first, told = (load_checkpoint(file)[1].trained_on for file in (path, again))
    assert told["init"] == path.name
    assert (first["start_centres"], told["start_centres"]) == ([], first["centres"])
    assert first["centres"]


def test_a_network_is_validated_at_its_own_size_whatever_it_learns_at(
    run, tiny_member, validation, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned_at, step = set(), Learner.step

    def watched(self: Learner, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        learned_at.update({tuple(images.shape[1:3]), tuple(targets.shape[1:])})
        return step(self, images, targets)

    monkeypatch.setattr(Learner, "step", watched)
    module, header = load_checkpoint(
        run(tiny_member(), recipe=replace(RECIPE, epochs=1, size_in_training=0.5))
    )
    assert learned_at == {(32, 32)}
    contract = header.spec.preprocessing
    assert (contract.height, contract.width) == (64, 64)
    held_out = validation_loader(Samples(validation[:6], contract, "none", 0), 0)
    iou, _ = validate(module, held_out, contract, torch.device("cpu"))
    assert header.metrics["validation_iou"] == pytest.approx(iou, abs=1e-6)


@pytest.mark.parametrize("missing", ["training", "validation"])
def test_an_empty_split_is_one_clear_line(run, tiny_member, missing: str) -> None:
    with pytest.raises(TrainingError, match=f"no {missing} samples"):
        run(tiny_member(), **{missing: []})


def test_an_unreadable_image_is_one_clear_line_and_the_run_goes_on_once_it_is_mended(
    run, tiny_member, tmp_path: Path, training: list[Sample]
) -> None:
    broken = replace(training[11], image=tmp_path / "broken.png")
    samples = [*training[:11], broken]
    broken.image.write_bytes(b"spoilt")
    with pytest.raises(ManifestError, match=r"broken.png: is no picture"):
        run(tiny_member(), training=samples)
    broken.image.write_bytes(training[11].image.read_bytes())
    assert len(history(run(tiny_member(), training=samples).parent)) == 3


def test_a_batch_too_large_for_memory_says_what_would_fit(run, tiny_member, training) -> None:
    recipe = replace(RECIPE, epochs=1, batch_size=40, augmentation="none")
    spec = tiny_member(size=256)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    room = pages * resource.getpagesize() + 400 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (room, most))
    try:
        with pytest.raises(
            TrainingError, match=r"batches of 40 .* memory of cpu: batches of (20|10|5|2|1) do"
        ):
            run(spec, recipe=recipe, training=training)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def test_a_damaged_state_is_one_clear_line(run, tiny_member, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tiny_member(), progress=killed_at(2, 1))
    (tmp_path / "run" / "last.safetensors").write_bytes(b"")
    with pytest.raises(TrainingError, match="delete it to begin this training again"):
        run(tiny_member())
    (tmp_path / "run" / "last.safetensors").unlink()
    assert len(history(run(tiny_member()).parent)) == 3


def test_a_folder_that_cannot_be_written_is_one_clear_line(
    run, tiny_member, tmp_path: Path
) -> None:
    (tmp_path / "run").write_bytes(b"a file")
    with pytest.raises(TrainingError, match="cannot be made"):
        run(tiny_member())


def test_a_member_that_cannot_be_built_leaves_the_folder_free(run, tiny_member) -> None:
    good = tiny_member()
    bad = replace(good, network=replace(good.network, encoder="tu-none"))
    with pytest.raises(CheckpointError, match="unet on tu-none cannot be built"):
        run(bad)
    run(good, recipe=replace(RECIPE, epochs=1))


@pytest.mark.parametrize(
    ("hardware", "precision", "what"),
    [
        (Hardware("tpu"), "32-true", "no such device"),
        (Hardware("cpu:1"), "32-true", "no such device"),
        (Hardware("cuda:0", devices=2), "32-true", "one device"),
        (Hardware("cpu"), "16-mixed", "needs a GPU"),
        pytest.param(
            Hardware("cuda"),
            "32-true",
            "no CUDA device",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is one"),
        ),
    ],
)
def test_devices_that_do_not_do_are_one_clear_line(hardware, precision, what) -> None:
    with pytest.raises(TrainingError, match=what):
        open_fabric(hardware, precision)


def test_a_cpu_is_not_asked_for_the_arithmetic_of_gpus() -> None:
    assert open_fabric(Hardware("cpu"), "auto").strategy.precision.precision == "32-true"
