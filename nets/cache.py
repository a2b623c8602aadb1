"""What is made once and kept for the next time. All of it can be deleted at any moment."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nets.errors import EngineError


def cache_folder() -> Path:
    """Where it is kept: `DIVERGENT_CACHE`, or the user's cache."""
    named = os.environ.get("DIVERGENT_CACHE")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "divergentnets"


@contextmanager
def kept_whole(folder: Path) -> Iterator[Path]:
    """A folder to fill aside, which then gets its name.

    So two programs that start at once, or one that is ended in between, leave a whole one.

    Args:
        folder: in the cache; one that is there by then stays.

    Raises:
        EngineError: it cannot be written.
    """
    aside = folder.with_name(f"{folder.name}.partial.{os.getpid()}")
    try:
        aside.mkdir(parents=True, exist_ok=True)
        yield aside
        if not folder.exists():
            aside.rename(folder)
    except OSError as error:
        raise EngineError(
            f"{cache_folder()}: nothing can be kept there ({error.strerror or error}): set "
            "DIVERGENT_CACHE to a folder that can be written"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
