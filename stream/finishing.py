"""Outputs that get their final name only when they are whole."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av

from stream.errors import OutputExistsError, SinkError


def partial_of(final: Path) -> Path:
    """Where an output is written until it is whole: `NAME.partial.EXT` beside it."""
    return final.with_name(f"{final.stem}.partial{final.suffix}")


def left_partial(final: Path) -> list[Path]:
    """Files of a recording that were left under their partial names, later parts included."""
    name = re.compile(
        rf"{re.escape(final.stem)}(-\d+)?\.partial{re.escape(final.suffix)}", re.ASCII
    )
    with suppress(OSError):
        return sorted(path for path in final.parent.iterdir() if name.fullmatch(path.name))
    return []


@contextmanager
def finished(final: Path, overwrite: bool = False) -> Iterator[Path]:
    """Write an output, a file or a folder, under another name and rename it at the end.

    Args:
        final: its name; missing folders above it are made.
        overwrite: replace what has that name.

    Yields:
        The path to write to; nothing is there. What is there in the end becomes `final`,
        unless the block raises: then it is removed.

    Raises:
        OutputExistsError: something has that name and `overwrite` is not set.
        SinkError: the system refuses to write.
    """
    if final.exists() and not overwrite:
        raise OutputExistsError(f"{final} is there already: name another, or say -y to replace it")
    partial = partial_of(final)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        yield partial
        if final.is_dir():
            shutil.rmtree(final)
        partial.replace(final)
    except (OSError, av.FFmpegError) as error:
        _remove(partial)
        raise SinkError(f"{final} cannot be written: {error.strerror or error}") from error
    except BaseException:
        _remove(partial)
        raise


def _remove(path: Path) -> None:
    """Remove a file or a folder if it is there and can be removed."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
