"""Outputs that get their final name only when they are whole."""

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av

from stream.errors import OutputExistsError, SinkError

DERIVED = re.compile(r"\.(?:partial|masks|frames|part\d+)$", re.ASCII | re.IGNORECASE)
"""Ends of names that stand beside `NAME.EXT`: `NAME.masks.EXT`, `NAME.part2.EXT`, ..."""

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def reason_of(problem: OSError | av.FFmpegError) -> str:
    """Why something cannot be written, in the user's words where they are plainer."""
    return "the disk is full" if problem.errno in DISK_FULL else str(problem.strerror or problem)


def partial_of(final: Path) -> Path:
    """Where an output is written until it is whole: `NAME.partial.EXT` beside it."""
    return final.with_name(f"{final.stem}.partial{final.suffix}")


def part_of(final: Path, number: int) -> Path:
    """The n-th file of a recording whose picture changes: `NAME.part2.EXT` for the second."""
    return final if number == 1 else final.with_stem(f"{final.stem}.part{number}")


def left_partial(final: Path) -> list[Path]:
    """Files of a recording that were left under their partial names, in order of time."""
    stem, suffix = re.escape(final.stem), re.escape(final.suffix)
    name = re.compile(rf"{stem}(?:\.part(\d+))?\.partial{suffix}", re.ASCII)
    found: list[tuple[int, Path]] = []
    with suppress(OSError):
        for path in final.parent.iterdir():
            if match := name.fullmatch(path.name):
                found.append((int(match[1] or 1), path))
    return [path for _, path in sorted(found)]


def is_derived(stem: str) -> bool:
    """Whether a name without suffix is one that is made of another output's."""
    return DERIVED.search(stem) is not None


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
        raise SinkError(f"{final} cannot be written: {reason_of(error)}") from error
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
