"""Values from YAML as checked types, or all that is wrong with them at once."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from nets.yaml_file import read_yaml
from train.errors import SettingsError

T = TypeVar("T")

Location = tuple[int | str, ...]
"""Keys that lead to a value, from the outermost one."""


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a mapping from a YAML file, safely.

    Raises:
        SettingsError: it cannot be read, is not YAML, or no mapping.
    """
    values = read_yaml(path, SettingsError)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise SettingsError(f"{path}: holds no keys and values")
    return values


def check(
    adapter: TypeAdapter[T],
    values: object,
    where: Callable[[Location], str],
    problems: list[str],
) -> T | None:
    """Turn plain values into a type.

    Args:
        adapter: of the type.
        values: what was written.
        where: names a place for people: the file and the key.
        problems: each wrong key and value is added here, as one line.

    Returns:
        The value, or None where something is wrong.
    """
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        names = _names(adapter)
        for problem in error.errors():
            line = f"{where(problem['loc'])}: {problem['msg']}"
            if problem["type"] == "unexpected_keyword_argument":
                line = f"{where(problem['loc'])}: no such key{nearest(problem['loc'][-1], names)}"
            problems.append(line)
        return None


def nearest(name: object, known: list[str]) -> str:
    """Say which valid name is meant, where one is near: for the end of a message."""
    close = difflib.get_close_matches(str(name), known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _names(adapter: TypeAdapter[Any]) -> list[str]:
    schema = adapter.json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return sorted({name for part in parts for name in part.get("properties", {})})
