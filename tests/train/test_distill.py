"""An ensemble teaches a smaller network, with labels where there are any."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from nets.bundle import Bundle, read_weights, write_bundle
from nets.checkpoint import Header, read_header, save_checkpoint
from nets.engine import open_engine
from nets.errors import ShapeError
from nets.grid import Grid
from nets.picture import Rect
from nets.preprocessing import Prepared, Preprocessing, prepare_rgb
from nets.spec import MemberSpec
from train.cli import run
from train.errors import ManifestError, TrainingError
from train.fit import fit
from train.hardware import Hardware, open_fabric
from train.learner import Learner
from train.loss import agreement
from train.manifest import Sample, read_manifest, write_manifest
from train.reports import EpochReport, Progress, StepReport
from train.settings import Recipe
from train.start import start_module
from train.taught import UNKNOWN, TaughtSamples
from train.teacher import Teacher, Teaching
from train.unlabelled import find_unlabelled

CONTRACT = Preprocessing(height=64, width=64)
RECIPE = Recipe(
    epochs=2,
    batch_size=4,
    optimiser="adamw",
    learning_rate=5e-3,
    schedule="cosine",
    augmentation="modern",
    cross_entropy=0.5,
    ema_decay=0.9,
    precision="auto",
    teaching=0.7,
    seed=3,
)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Sums of several threads are not the same twice."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def checkpoint(path: Path, spec: MemberSpec, seed: int) -> Path:
    """A member with random weights, its norms settled as training would."""
    torch.manual_seed(seed)
    module = start_module(spec)
    with torch.no_grad():
        module.train()(torch.randn(4, 3, 64, 64))
    save_checkpoint(path, module.eval(), Header(spec))
    return path


@pytest.fixture(scope="module")
def teacher(tiny_member: Callable[..., MemberSpec], tmp_path_factory) -> Bundle:
    """Two members that are shown the same picture each in its own way."""
    folder = tmp_path_factory.mktemp("teacher")
    members = {
        "fpn": checkpoint(folder / "fpn.safetensors", tiny_member("fpn"), 1),
        "unet": checkpoint(
            folder / "unet.safetensors",
            tiny_member("unet", 96, order="bgr", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),
            2,
        ),
    }
    return write_bundle(folder / "both", members, grid=Grid.of(CONTRACT))


def test_agreement_is_best_where_the_teacher_is_met_even_in_doubt() -> None:
    wanted = torch.rand(2, 8, 8, generator=torch.Generator().manual_seed(1))
    polyp = wanted.clone().requires_grad_()
    loss = agreement(torch.stack([1 - polyp, polyp], 1), wanted, 0.5)
    (slope,) = torch.autograd.grad(loss, polyp)
    assert slope.abs().max() < 1e-6
    for other in (wanted.round(), 1 - wanted, torch.full_like(wanted, 0.5)):
        assert agreement(torch.stack([1 - other, other], 1), wanted, 0.5) > loss + 0.01
    with pytest.raises(ShapeError):
        agreement(torch.zeros(2, 2, 8, 8), wanted[:1], 0.0)


def test_a_teacher_says_what_the_engine_says_of_the_same_picture(teacher: Bundle) -> None:
    rng = np.random.default_rng(4)
    cells = rng.integers(0, 255, (3, 8, 8, 3), np.uint8)
    images = np.stack([cv2.resize(each, (64, 64)) for each in cells])
    said = Teacher(teacher, CONTRACT)(torch.from_numpy(images))
    whole = Rect(0, 0, 64, 64)
    with open_engine([str(teacher.members[0].path.parent)], device="eager") as engine:
        prepared = [
            Prepared(tuple(prepare_rgb(image, it) for it in engine.contracts), whole, whole)
            for image in images
        ]
        expected = engine.predict(prepared)
    assert said.shape == (3, 64, 64)
    # The second member's picture is enlarged by another library than the engine's.
    assert np.abs(said.numpy() - expected).mean() < 0.01


def test_a_pass_has_every_label_once_and_draws_frames_without_repetition(
    training: list[Sample], validation: list[Sample]
) -> None:
    unlabelled = [replace(sample, mask=None) for sample in validation[:10]]
    samples = TaughtSamples(training[:8], unlabelled, CONTRACT, "none", 1, ratio=0.5)
    assert len(samples) == 12
    known = [samples[index][1].unique().tolist() for index in range(8)]
    assert all(levels == [0, 1] for levels in known)
    assert all((samples[index][1] == UNKNOWN).all() for index in range(8, 12))

    def drawn(epoch: int) -> list[bytes]:
        samples.epoch = epoch
        return [samples[index][0].numpy().tobytes() for index in range(8, 12)]

    first, second, third = drawn(0), drawn(1), drawn(2)
    assert len({*first, *second, *third[:2]}) == 10
    assert drawn(1) == second
    assert len(TaughtSamples([], unlabelled, CONTRACT, "none", 1, ratio=0.5)) == 10
    assert len(TaughtSamples(training[:8], [], CONTRACT, "none", 1, ratio=0.5)) == 8


def test_a_frame_without_a_label_is_cut_to_its_view(framed: Sample) -> None:
    whole = TaughtSamples([framed], [], CONTRACT, "modern", 1, ratio=1)
    cut = TaughtSamples([], [framed], CONTRACT, "modern", 1, ratio=1)
    black = [(samples._decoded(framed)[0] == 0).all(-1).mean() for samples in (whole, cut)]
    assert black[0] > 0.3
    assert black[1] < 0.05


@pytest.fixture
def learner(tiny_member, teacher: Bundle) -> Callable[[float], Learner]:
    def of(teaching: float) -> Learner:
        spec = tiny_member()
        torch.manual_seed(0)
        recipe = replace(RECIPE, teaching=teaching)
        fabric = open_fabric(Hardware("cpu"), recipe.precision)
        taught = Teacher(teacher, CONTRACT)
        return Learner(fabric, start_module(spec), recipe, spec.preprocessing, 4, taught)

    return of


def gradients(learner: Learner, targets: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (4, 64, 64, 3), generator=generator, dtype=torch.uint8)
    learner.module.eval()  # without dropout, and every time alike
    loss = learner._loss(images, targets)
    return torch.cat(
        [g.flatten() for g in torch.autograd.grad(loss, list(learner.module.parameters()))]
    )


def test_what_is_not_labelled_is_learned_from_the_teacher_alone(learner) -> None:
    unknown = torch.full((4, 64, 64), UNKNOWN, dtype=torch.uint8)
    labelled = torch.zeros(4, 64, 64, dtype=torch.uint8)
    labelled[:, 20:40, 20:40] = 1
    assert gradients(learner(0.0), unknown).abs().max() == 0
    assert gradients(learner(0.5), unknown).abs().max() > 1e-4
    assert torch.equal(gradients(learner(1.0), unknown), gradients(learner(1.0), labelled))
    half = torch.cat([labelled[:2], unknown[:2]])
    assert not torch.allclose(gradients(learner(0.0), half), gradients(learner(0.0), labelled))


def test_the_teacher_stays_as_it_is(learner) -> None:
    taught = learner(1.0)
    before = {key: value.clone() for key, value in taught.teacher.state_dict().items()}
    taught.train()
    images = torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8)
    taught.step(images, torch.zeros(4, 64, 64, dtype=torch.uint8))
    after = taught.teacher.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    assert not taught.teacher.training


@pytest.fixture
def distilled(tiny_member, training, validation, teacher, tmp_path: Path):
    def train(folder: str = "run", recipe: Recipe = RECIPE, **others) -> Path:
        taught = others.pop("teaching", Teaching(teacher, validation[6:12]))
        learn = others.pop("training", training[:8])
        return fit(
            tiny_member(),
            recipe,
            learn,
            validation[:6],
            tmp_path / folder,
            teaching=taught,
            hardware=Hardware("cpu"),
            **others,
        )

    return train


class Killed(BaseException):
    """What no part of a training catches."""


def test_a_training_with_a_teacher_that_is_killed_ends_as_an_unbroken_one(distilled) -> None:
    def stop(report: StepReport) -> None:
        if (report.epoch, report.step) == (2, 2):
            raise Killed

    with pytest.raises(Killed):
        distilled("broken", progress=Progress(step=stop))
    files = [distilled(folder).with_name("last.safetensors") for folder in ("broken", "whole")]
    histories = [json.loads(file.with_name("history.json").read_text()) for file in files]
    assert [row["loss"] for row in histories[0]] == [row["loss"] for row in histories[1]]


def test_a_checkpoint_says_who_taught_it(distilled, teacher: Bundle) -> None:
    told = read_header(distilled(recipe=replace(RECIPE, epochs=1))).trained_on
    assert told["teacher"] == teacher.name
    assert told["teacher_weights"] == teacher.fingerprint()
    assert (told["samples"], told["unlabelled"]) == (8, 6)


def test_another_teacher_in_the_same_folder_is_refused(distilled, teacher, validation) -> None:
    once = replace(RECIPE, epochs=1)
    distilled(recipe=once)
    single = Teaching(read_weights([teacher.members[0].path]), validation[6:12])
    with pytest.raises(TrainingError, match=r"samples\.teacher is another"):
        distilled(recipe=once, teaching=single)
    with pytest.raises(TrainingError, match=r"samples\.unlabelled is another"):
        distilled(recipe=once, teaching=Teaching(teacher, validation[7:12]))
    with pytest.raises(TrainingError, match=r"samples\.teacher is another"):
        distilled(recipe=once, teaching=None)


def test_a_teacher_alone_is_enough_to_learn_from(
    tiny_member, training, validation, tmp_path: Path
) -> None:
    """No label is looked at: what is learned of the pictures was learned of the teacher."""
    recipe = replace(RECIPE, epochs=5, teaching=1.0)
    learned = fit(
        tiny_member("fpn"),
        recipe,
        training,
        validation,
        tmp_path / "teacher",
        hardware=Hardware("cpu"),
    )
    reports: list[EpochReport] = []
    fit(
        tiny_member(),
        recipe,
        [],
        validation,
        tmp_path / "pupil",
        teaching=Teaching(read_weights([learned]), training),
        hardware=Hardware("cpu"),
        progress=Progress(epoch=reports.append),
    )
    assert reports[-1].loss < 0.7 * reports[0].loss
    assert max(report.iou for report in reports) > 0.6


def test_what_judges_never_teaches(
    training: list[Sample], validation: list[Sample], tmp_path: Path
) -> None:
    folder = tmp_path / "frames"
    (folder / "deeper").mkdir(parents=True)
    (folder / "masks").mkdir()
    rng = np.random.default_rng(2)
    for number in range(3):
        noise = cv2.resize(rng.integers(0, 255, (6, 6, 3), np.uint8), (64, 64))
        assert cv2.imwrite(str(folder / "deeper" / f"{number}.png"), noise)
        assert cv2.imwrite(str(folder / "masks" / f"{number}.png"), noise)
    (folder / "again.png").write_bytes((folder / "deeper" / "0.png").read_bytes())
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "labelled.png").write_bytes(training[0].image.read_bytes())
    held = cv2.imread(str(validation[0].image))
    assert cv2.imwrite(str(folder / "saved-again.jpg"), held, [cv2.IMWRITE_JPEG_QUALITY, 60])
    listed = [training[0], replace(validation[0], split="test")]
    found, problems = find_unlabelled([folder], listed)
    assert [sample.image.name for sample in found] == ["again.png", "1.png", "2.png"]
    assert {sample.split for sample in found} == {"unlabelled"}
    told = "\n".join(problems)
    assert len(problems) == 4
    for name in ("broken.png", "labelled.png", "0.png", "saved-again.jpg"):
        assert name in told
    with pytest.raises(ManifestError, match="holds no pictures"):
        find_unlabelled([folder, tmp_path / "none"], listed)


def test_distill_is_one_command_from_a_plan_to_a_bundle(
    training, validation, teacher: Bundle, tmp_path: Path, capsys
) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        """
recipe: {epochs: 1, batch_size: 4, learning_rate: 0.005, augmentation: modern}
members:
  student:
    network:
      architecture: unet
      encoder: tu-mobilenetv4_conv_small_050
      decoder: {encoder_depth: 3, decoder_channels: [8, 8, 8]}
    preprocessing: {height: 64, width: 64}
"""
    )
    write_manifest(tmp_path / "m.csv", [*training[:8], *validation[:4]])
    frames = tmp_path / "frames"
    frames.mkdir()
    for sample in training[10:16]:
        (frames / sample.image.name).write_bytes(sample.image.read_bytes())
    words = ["distill", plan, "--teacher", teacher.members[0].path.parent]
    words += ["--manifest", tmp_path / "m.csv", "-o", tmp_path / "runs"]
    words += ["--unlabelled", frames, "--ratio", "0.5", "--teaching", "0.9", "--device", "cpu"]
    assert run([str(word) for word in words]) == 0
    assert "frames without labels" in capsys.readouterr().out
    header = read_header(tmp_path / "runs" / "student" / "best.safetensors")
    assert header.trained_on["recipe"]["teaching"] == 0.9
    assert header.trained_on["recipe"]["unlabelled"] == 0.5
    with open_engine([str(tmp_path / "runs" / "bundle")], device="eager") as engine:
        assert engine.members == ("student",)
    assert len(read_manifest(tmp_path / "m.csv")) == 12
