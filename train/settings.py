"""What a training is told: which members, how they are trained, what they are shown."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from nets.preprocessing import Preprocessing
from nets.spec import MemberSpec
from train.augment import CUTS, Augmentation
from train.checking import Location, check, nearest, read_mapping
from train.errors import SettingsError
from train.published import MODELS

T = TypeVar("T")

SHARED_KEYS = ("overrides", "preprocessing")
"""Keys of a plan that may stand in a recipe's file instead."""

CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, config=CONFIG)
class Recipe:
    """How a member is trained.

    Attributes:
        epochs: passes over the training split.
        batch_size: samples a step, on all devices together.
        optimiser: `adam` as in the paper, or `adamw`.
        learning_rate: the peak.
        weight_decay: of the weights; `adamw` spares norms and biases.
        schedule: `drop` divides the rate by ten after `drop_epoch`; `cosine` warms up over
            `warmup` of the steps, then falls to a hundredth.
        drop_epoch: epochs before the drop (paper, section 3.2: 50).
        warmup: share of all steps, in [0, 1).
        patience: stop after so many epochs that were no better than the best; 0 never stops.
        augmentation: the recipe of `train.augment`.
        cuts: share of the samples of which `modern` shows a cut without a polyp.
        cross_entropy: weight of cross-entropy added to the single-channel Dice.
        ema_decay: of the weights' moving average, which is what is kept; 0 keeps the weights.
        clip_norm: largest norm of a step's gradient; 0 for no limit.
        precision: Lightning Fabric's name, or `auto`: bf16-mixed on a GPU that can, else 32-true.
        teaching: with a teacher, the share of the loss that compares with it and not with labels.
        unlabelled: with a teacher, frames without labels in a pass for each one with a label.
        size_in_training: share of the input's rows and columns that samples are learned at; the
            network is validated at, and keeps, its own.
        seed: of weights, order and augmentation.
    """

    epochs: int = Field(default=200, ge=1)
    batch_size: int = Field(default=8, ge=1)
    optimiser: Literal["adam", "adamw"] = "adam"
    learning_rate: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["drop", "cosine"] = "drop"
    drop_epoch: int = Field(default=50, ge=1)
    warmup: float = Field(default=0.0, ge=0, lt=1)
    patience: int = Field(default=0, ge=0)
    augmentation: Augmentation = "paper-code"
    cuts: float = Field(default=CUTS, ge=0, le=1)
    cross_entropy: float = Field(default=0.0, ge=0)
    ema_decay: float = Field(default=0.0, ge=0, lt=1)
    clip_norm: float = Field(default=0.0, ge=0)
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = "32-true"
    teaching: float = Field(default=0.5, ge=0, le=1)
    unlabelled: float = Field(default=1.0, ge=0)
    size_in_training: float = Field(default=1.0, gt=0, le=1)
    seed: int = Field(default=0, ge=0)

    def contract_in_training(self, contract: Preprocessing) -> Preprocessing:
        """How samples are prepared to be learned from, by how the network's input is prepared.

        Both sides are multiples of 32, as encoders want them.
        """
        if self.size_in_training == 1.0:
            return contract
        height, width = (
            max(32, round(side * self.size_in_training / 32) * 32)
            for side in (contract.height, contract.width)
        )
        return replace(contract, height=height, width=width)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON or YAML."""
        values: dict[str, Any] = RECIPE.dump_python(self, mode="json")
        return values


RECIPE = TypeAdapter(Recipe)
PREPROCESSING = TypeAdapter(Preprocessing)


@dataclass(frozen=True, config=CONFIG)
class Plan:
    """A training from a file: members by name and one recipe for all.

    Attributes:
        members: specs by name.
        recipe: how each is trained.
        overrides: of the recipe, by member.
        preprocessing: of every member, over what it says itself.
    """

    members: dict[str, MemberSpec] = Field(min_length=1)
    recipe: Recipe = Field(default_factory=Recipe)
    overrides: dict[str, dict[str, Any]] = Field(default_factory=dict)
    preprocessing: dict[str, Any] = Field(default_factory=dict)

    def spec_of(
        self, member: str, *, size: int | None = None, encoder_weights: str | None = None
    ) -> MemberSpec:
        """One member's spec under this plan, with what the command line changes.

        Args:
            member: its name.
            size: rows and columns of its input.
            encoder_weights: what its encoders start from.

        Raises:
            SettingsError: there is no such member, or the changes make no sense.
        """
        if member not in self.members:
            known = list(self.members)
            raise SettingsError(
                f"no member is called {member}{nearest(member, known)}: there are "
                f"{', '.join(known)}"
            )
        spec = self.members[member]
        if encoder_weights is not None:
            spec = spec.starting_from(encoder_weights)
        values = spec.preprocessing.as_dict() | self.preprocessing
        if size is not None:
            values |= {"height": size, "width": size}
        return replace(spec, preprocessing=_checked(PREPROCESSING, values, "preprocessing"))

    def recipe_of(self, member: str, **changes: object) -> Recipe:
        """One member's recipe under this plan, with what the command line changes.

        Args:
            member: its name.
            changes: of the recipe's fields; None changes nothing.

        Raises:
            SettingsError: a change makes no sense.
        """
        values = self.recipe.as_dict() | self.overrides.get(member, {})
        values |= {key: value for key, value in changes.items() if value is not None}
        return _checked(RECIPE, values, "recipe")


def read_plan(path: Path, recipe: Path | None = None) -> Plan:
    """Read a training's YAML.

    Its `recipe` may be the path of another YAML file, from the plan's folder on. That file holds
    a recipe's keys, and `overrides` and `preprocessing` where the plan has none of its own.

    Args:
        path: the plan.
        recipe: a recipe's file to use instead of the plan's own.

    Raises:
        SettingsError: every wrong key and value of both files at once, with the nearest valid name.
    """
    values = read_mapping(path)
    if recipe is None and isinstance(values.get("recipe"), str):
        recipe = path.parent / values["recipe"]
    elsewhere: dict[str, Path] = {}
    if recipe is not None:
        written = read_mapping(recipe)
        shared = {key: written.pop(key) for key in SHARED_KEYS if key in written}
        values = {**shared, **values, "recipe": written}
        elsewhere = {key: recipe for key in shared if values[key] is shared[key]}

    def where(location: Location) -> str:
        keys = ".".join(str(part) for part in location)
        if location[:1] == ("recipe",) and recipe is not None:
            return f"{recipe}: {keys.removeprefix('recipe.')}"
        return f"{elsewhere.get(str(location[0]), path) if location else path}: {keys}"

    problems: list[str] = []
    plan = check(TypeAdapter(Plan), values, where, problems)
    _check_partial(PREPROCESSING, values.get("preprocessing"), ("preprocessing",), where, problems)
    overrides = values.get("overrides")
    for member, changes in (overrides if isinstance(overrides, dict) else {}).items():
        _check_partial(RECIPE, changes, ("overrides", member), where, problems)
        # A recipe's file serves many plans, so it may name any of the paper's models.
        known = [*(plan.members if plan else ()), *(MODELS if "overrides" in elsewhere else ())]
        if plan is not None and member not in known:
            problems.append(
                f"{where(('overrides', member))}: no such member{nearest(member, known)}"
            )
    if plan is None or problems:
        raise SettingsError("; ".join(problems))
    return plan


def _check_partial(
    adapter: TypeAdapter[Any],
    values: object,
    inside: Location,
    where: Callable[[Location], str],
    problems: list[str],
) -> None:
    """Check some fields of a type that has defaults for all of them."""
    if isinstance(values, dict):
        check(adapter, values, lambda location: where((*inside, *location)), problems)


def _checked(adapter: TypeAdapter[T], values: object, what: str) -> T:
    problems: list[str] = []
    checked = check(
        adapter, values, lambda location: ".".join([what, *map(str, location)]), problems
    )
    if checked is None:
        raise SettingsError("; ".join(problems))
    return checked
