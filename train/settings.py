"""What a training is told: which members, how they are trained, on what."""

import difflib
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from nets.spec import MemberSpec
from train.augment import Recipe as Augmentation
from train.errors import SettingsError

T = TypeVar("T")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Recipe:
    """How a member is trained.

    Attributes:
        epochs: passes over the training split.
        batch_size: samples a step.
        optimiser: `adam` as in the paper, or `adamw`.
        learning_rate: the peak.
        weight_decay: of `adamw`.
        schedule: `drop` divides the rate by ten after `drop_epoch`; `cosine` warms up over
            `warmup` of the steps, then falls to a hundredth.
        drop_epoch: epochs before the drop (paper, section 3.2: 50).
        warmup: share of all steps, in [0, 1).
        augmentation: the recipe of `train.augment`.
        cross_entropy: weight of cross-entropy added to the single-channel Dice.
        ema_decay: of the weights' moving average, which is what is kept; 0 keeps the weights.
        clip_norm: largest norm of a step's gradient; 0 for no limit.
        precision: Lightning Fabric's name.
        seed: of weights, order and augmentation.
    """

    epochs: int = Field(200, ge=1)
    batch_size: int = Field(8, ge=1)
    optimiser: Literal["adam", "adamw"] = "adam"
    learning_rate: float = Field(1e-4, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["drop", "cosine"] = "drop"
    drop_epoch: int = Field(50, ge=1)
    warmup: float = Field(0.0, ge=0, lt=1)
    augmentation: Augmentation = "paper-code"
    cross_entropy: float = Field(0.0, ge=0)
    ema_decay: float = Field(0.0, ge=0, lt=1)
    clip_norm: float = Field(0.0, ge=0)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    seed: int = Field(0, ge=0)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Plan:
    """A training from a file: members by name and one recipe for all.

    Attributes:
        members: specs by name.
        recipe: how each is trained.
        overrides: of the recipe, by member.
    """

    members: dict[str, MemberSpec]
    recipe: Recipe = Field(default_factory=Recipe)
    overrides: dict[str, dict[str, Any]] = Field(default_factory=dict)

    def recipe_of(self, member: str, **changes: object) -> Recipe:
        """The recipe of one member, with what the command line changes."""
        values = TypeAdapter(Recipe).dump_python(self.recipe)
        values |= self.overrides.get(member, {})
        values |= {key: value for key, value in changes.items() if value is not None}
        return checked(TypeAdapter(Recipe), values, f"recipe of {member}")


def read_plan(path: Path) -> Plan:
    """Read a training's YAML; `recipe` may be the path of another YAML file beside it.

    Raises:
        SettingsError: every wrong key and value at once, with the nearest valid name.
    """
    values = read_yaml(path)
    recipe = values.get("recipe")
    if isinstance(recipe, str):
        values = {**values, "recipe": read_yaml(path.parent / recipe)}
    return checked(TypeAdapter(Plan), values, str(path))


def read_yaml(path: Path) -> dict[str, Any]:
    """A mapping from a YAML file, safely loaded.

    Raises:
        SettingsError: missing, not YAML, or no mapping.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: holds no keys and values")
    return values


def checked(adapter: TypeAdapter[T], values: object, where: str) -> T:
    """Values as the type an adapter is of, or all that is wrong with them in one error."""
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        known = _names(adapter)
        raise SettingsError(
            "; ".join(
                f"{where}: {'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
                + _nearest(str(problem["loc"][-1]) if problem["loc"] else "", known)
                * (problem["type"] == "unexpected_keyword_argument")
                for problem in error.errors()
            )
        ) from error


def _names(adapter: TypeAdapter[Any]) -> list[str]:
    schema = adapter.json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return sorted({name for part in parts for name in part.get("properties", {})})


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
