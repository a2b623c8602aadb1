"""Files that are there whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that its name never stands for half of it, not even after a power cut.

    Args:
        path: the final name; a file of that name is replaced.
        content: all of it.

    Raises:
        OSError: it cannot be written; a file of that name is as it was.
    """
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
