"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from train.errors import SettingsError

Output = Annotated[Path, Parameter(name=("--output", "-o"))]
Overwrite = Annotated[bool, Parameter(name=("--yes", "-y"))]
Several = Parameter(consume_multiple=True)


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Refuse to replace a file, or to write into a folder that holds something, unasked.

    Raises:
        SettingsError: there is something.
    """
    there = any(path.iterdir()) if path.is_dir() else path.exists()
    if there and not overwrite:
        raise SettingsError(f"{path}: is there already: name another, or give -y to replace it")


def named_path(written: str) -> tuple[str, Path]:
    """A member's name, empty where none was given, and its file: `NAME=PATH` or `PATH`."""
    name, separator, path = written.partition("=")
    if separator and "/" not in name:
        return name, Path(path)
    return "", Path(written)
