"""Every plan and recipe that ships is read, and every recipe trains."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nets.architectures import build
from nets.cost import cost_of
from train.fit import fit
from train.hardware import Hardware
from train.manifest import Sample
from train.reports import EpochReport, Progress
from train.settings import read_plan

CONFIGS = Path(__file__).parents[2] / "configs"
PLANS = sorted((CONFIGS / "ensembles").glob("*.yaml"))
RECIPES = sorted((CONFIGS / "train").glob("*.yaml"))


def of(paths: list[Path]) -> dict:
    return {"argvalues": paths, "ids": [path.stem for path in paths]}


def test_all_of_them_are_there() -> None:
    assert {path.stem for path in PLANS} >= {"paper", "paper-unet", "compact", "student"}
    assert {path.stem for path in RECIPES} == {
        *("paper-text", "paper-code", "modern", "sober", "distill", "student")
    }


@pytest.mark.parametrize("path", **of([*PLANS, *RECIPES]))
def test_each_is_headed_by_a_command_that_names_it(path: Path) -> None:
    words = shlex.split(path.read_text().splitlines()[0])
    assert words[:2] == ["#", "divergent-train"]
    assert words[2] in {"fit", "distill"}
    assert str(path.relative_to(CONFIGS.parent)) in words
    assert all((CONFIGS.parent / word).is_file() for word in words if word.startswith("configs/"))


@pytest.mark.parametrize("recipe", **of(RECIPES))
@pytest.mark.parametrize("path", **of(PLANS))
def test_every_plan_goes_with_every_recipe(path: Path, recipe: Path) -> None:
    plan = read_plan(path, recipe)
    for name in plan.members:
        plan.spec_of(name)
        plan.recipe_of(name)


def test_the_papers_members_are_the_five_on_its_encoder() -> None:
    plan = read_plan(CONFIGS / "ensembles" / "paper.yaml")
    for name, spec in plan.members.items():
        network = spec.network
        nodes = [network.left, network.right, network.top] if name == "triunet" else [network]
        assert {(node.encoder, node.encoder_weights) for node in nodes} == {
            ("se_resnext50_32x4d", "imagenet")
        }
        if name != "triunet":
            assert network.architecture == name
    assert list(plan.members) == ["unetplusplus", "fpn", "deeplabv3", "deeplabv3plus", "triunet"]


@pytest.mark.parametrize("plan", ["student", "students"])
def test_a_student_costs_no_more_than_it_may(plan: str) -> None:
    """At most 2 GFLOP a frame and 12 MB; in half precision, as a bundle of it ships."""
    for name, member in read_plan(CONFIGS / "ensembles" / f"{plan}.yaml").members.items():
        with torch.device("meta"):
            module = build(member).eval()
        assert cost_of(module, member.preprocessing).flop <= 2e9, name
        tensors = module.state_dict().values()
        assert sum(2 * tensor.numel() for tensor in tensors) <= 12e6, name


@pytest.mark.parametrize("plan", ["variants", "divergent"])
def test_members_that_the_paper_does_not_have_are_built_and_answer(plan: str) -> None:
    """Triangles of UNet++ and of any three networks; encoders and inputs of one's own."""
    for name, member in read_plan(CONFIGS / "ensembles" / f"{plan}.yaml").members.items():
        contract = member.preprocessing
        module = build(member).eval()
        with torch.inference_mode():
            maps = module(torch.zeros(1, 3, contract.height, contract.width))
        assert maps.shape == (1, 2, contract.height, contract.width), name
        assert torch.allclose(maps.sum(1), torch.ones(())), name


def test_the_authors_recipe_is_theirs() -> None:
    plan = read_plan(CONFIGS / "ensembles" / "paper.yaml", CONFIGS / "train" / "paper-code.yaml")
    contract = plan.spec_of("fpn").preprocessing
    scale, offset = contract.affine()
    assert (contract.resize, contract.extent) == ("nearest", "frame")
    assert (contract.height, contract.width) == (256, 256)
    assert (scale.tolist(), offset.tolist()) == ([1, 1, 1], [0, 0, 0])
    assert [plan.recipe_of(name).batch_size for name in ("fpn", "unetplusplus")] == [8, 16]


def test_the_papers_text_is_its_own() -> None:
    plan = read_plan(CONFIGS / "ensembles" / "paper.yaml")
    contract, recipe = plan.spec_of("triunet").preprocessing, plan.recipe_of("triunet")
    assert (contract.resize, contract.unit_range, contract.extent) == ("bilinear", True, "frame")
    assert (recipe.epochs, recipe.learning_rate, recipe.drop_epoch) == (200, 1e-4, 50)
    assert (recipe.optimiser, recipe.cross_entropy, recipe.ema_decay) == ("adam", 0.0, 0.0)


@pytest.mark.parametrize("recipe", **of(RECIPES))
def test_three_epochs_of_every_recipe_learn(
    recipe: Path, tiny_member, training: list[Sample], validation: list[Sample], tmp_path: Path
) -> None:
    plan = read_plan(CONFIGS / "ensembles" / "compact.yaml", recipe)
    plan = replace(plan, members={"unet": tiny_member()})
    reports: list[EpochReport] = []
    best = fit(
        plan.spec_of("unet"),
        # A rate for a network that starts from nothing and has 15 steps.
        plan.recipe_of("unet", epochs=3, learning_rate=5e-3),
        training,
        validation,
        tmp_path / "run",
        hardware=Hardware("cpu"),
        progress=Progress(epoch=reports.append),
    )
    assert best.is_file()
    assert reports[-1].loss < reports[0].loss
