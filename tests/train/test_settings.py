"""Plans and recipes from YAML: what is wrong is named, all of it, with the nearest valid name."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nets.preprocessing import Preprocessing
from train.errors import SettingsError
from train.settings import Recipe, read_plan

PLAN = """
members:
  fpn:
    network: {architecture: fpn, encoder: resnet18}
    preprocessing: {height: 64, width: 96}
  tri:
    network:
      architecture: trinet
      left: &node {architecture: unet, encoder_weights: imagenet}
      right: *node
      top: *node
"""


def plan(tmp_path: Path, more: str = "", recipe: str | None = None) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN + more)
    if recipe is not None:
        (tmp_path / "recipe.yaml").write_text(recipe)
    return tmp_path / "plan.yaml"


def problems(path: Path, recipe: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_plan(path, recipe)
    assert "\n" not in str(caught.value)
    return str(caught.value).split("; ")


def test_a_plan_gives_specs_and_recipes_by_member(tmp_path: Path) -> None:
    read = read_plan(plan(tmp_path, "recipe: {epochs: 7}\noverrides: {tri: {batch_size: 2}}\n"))
    assert read.spec_of("fpn").preprocessing.width == 96
    assert (read.recipe_of("fpn").epochs, read.recipe_of("fpn").batch_size) == (7, 8)
    assert (read.recipe_of("tri").epochs, read.recipe_of("tri").batch_size) == (7, 2)


def test_a_misspelt_key_names_the_nearest(tmp_path: Path) -> None:
    path = plan(tmp_path, "recipe: {learning_rat: 0.1}\nmember: {}\n")
    assert problems(path) == [
        f"{path}: recipe.learning_rat: no such key (did you mean learning_rate?)",
        f"{path}: member: no such key (did you mean members?)",
    ]


def test_all_problems_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    path = plan(
        tmp_path,
        "recipe: recipe.yaml\npreprocesing: {}\n",
        "epochs: 0\nbatch: 8\nlearning_rate: quick\noverrides: {fpm: {}, fpn: {epoch: 1}}\n"
        "preprocessing: {resise: area, std: [0, 1, 1]}\n",
    )
    recipe = tmp_path / "recipe.yaml"
    found = problems(path)
    assert [line.rsplit(": ", 1)[0] for line in found] == [
        f"{recipe}: epochs",
        f"{recipe}: learning_rate",
        f"{recipe}: batch",
        f"{path}: preprocesing",
        f"{recipe}: preprocessing.std.0",
        f"{recipe}: preprocessing.resise",
        f"{recipe}: overrides.fpn.epoch",
    ]
    assert "did you mean batch_size?" in found[2]
    assert "did you mean resize?" in found[5]


def test_an_override_of_a_member_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = plan(tmp_path, "overrides: {fpm: {epochs: 1}}\n")
    assert problems(path) == [f"{path}: overrides.fpm: no such member (did you mean fpn?)"]
    # A recipe's file serves many plans: the paper's models need not be in this one.
    plan(tmp_path, "recipe: recipe.yaml\n", "overrides: {unetplusplus: {batch_size: 16}}\n")
    read_plan(path)


def test_an_architecture_that_is_none_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("members: {a: {network: {architecture: fpnn}}}")
    (line,) = problems(path)
    assert "members.a.network" in line
    assert "'deeplabv3plus'" in line


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no keys"),
        ("- a", "no keys"),
        ("1: 2", "no keys"),
        ("a: [", "not YAML"),
        ("members: {}", "members"),
        ("!!python/object/apply:os.system [ls]", "not YAML"),
        ("a: " + "[" * 5000, "not YAML"),
    ],
)
def test_files_that_are_no_plan_are_one_clear_line(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    assert any(what in line for line in problems(path))


def test_missing_and_undecodable_files_are_one_clear_line(tmp_path: Path) -> None:
    assert "No such file" in problems(tmp_path / "none.yaml")[0]
    (tmp_path / "plan.yaml").write_bytes(b"\xff\xfe")
    assert "byte 0 is not UTF-8" in problems(tmp_path / "plan.yaml")[0]
    assert "recipe.yaml: cannot be read" in problems(plan(tmp_path, "recipe: recipe.yaml"))[0]


def test_a_recipes_preprocessing_overrules_the_members(tmp_path: Path) -> None:
    path = plan(
        tmp_path, "recipe: recipe.yaml\n", "preprocessing: {resize: nearest, unit_range: false}\n"
    )
    contract = read_plan(path).spec_of("fpn").preprocessing
    assert (contract.resize, contract.unit_range, contract.width) == ("nearest", False, 96)


def test_a_plans_own_keys_overrule_the_recipes_file(tmp_path: Path) -> None:
    path = plan(
        tmp_path,
        "recipe: recipe.yaml\npreprocessing: {resize: bilinear}\n",
        "preprocessing: {resize: nearest}\n",
    )
    assert read_plan(path).spec_of("fpn").preprocessing.resize == "bilinear"


def test_another_recipe_can_be_given_instead_of_the_plans(tmp_path: Path) -> None:
    path = plan(tmp_path, "recipe: {epochs: 7}\n", "epochs: 9\n")
    assert read_plan(path, tmp_path / "recipe.yaml").recipe_of("fpn").epochs == 9


def test_the_command_line_comes_last_and_is_checked(tmp_path: Path) -> None:
    read = read_plan(plan(tmp_path, "recipe: {epochs: 7}\noverrides: {fpn: {seed: 3}}\n"))
    recipe = read.recipe_of("fpn", seed=5, epochs=None)
    assert (recipe.seed, recipe.epochs) == (5, 7)
    with pytest.raises(SettingsError, match=r"recipe.epochs: .* greater"):
        read.recipe_of("fpn", epochs=0)
    with pytest.raises(SettingsError, match=r"preprocessing.height: .* greater"):
        read.spec_of("fpn", size=8)
    contract = read.spec_of("fpn", size=128).preprocessing
    assert (contract.height, contract.width) == (128, 128)


def test_encoder_weights_can_be_given_for_every_network_of_a_member(tmp_path: Path) -> None:
    spec = read_plan(plan(tmp_path)).spec_of("tri", encoder_weights="none")
    nodes = (spec.network.left, spec.network.right, spec.network.top)
    assert [node.encoder_weights for node in nodes] == ["none"] * 3


def test_a_member_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"fpnn \(did you mean fpn\?\): there are fpn, tri"):
        read_plan(plan(tmp_path)).spec_of("fpnn")


def test_what_is_learned_from_may_be_smaller_than_the_input() -> None:
    contract = Preprocessing(height=256, width=320, resize="area")
    assert Recipe().contract_in_training(contract) == contract
    smaller = Recipe(size_in_training=0.75).contract_in_training(contract)
    assert smaller == replace(contract, height=192, width=256)
    least = Recipe(size_in_training=0.01).contract_in_training(contract)
    assert (least.height, least.width) == (32, 32)


def test_a_recipe_survives_being_written_and_read() -> None:
    recipe = Recipe(epochs=3, augmentation="modern")
    assert Recipe(**recipe.as_dict()) == recipe
    assert recipe.as_dict() == asdict(recipe)
