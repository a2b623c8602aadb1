"""What `divergent-stream bench` does, once its words are understood."""

import json
import math
from pathlib import Path

from rich.console import Console

from nets.files import write_whole
from stream.bench.run import Asked, measure
from stream.bench.table import show
from stream.errors import OutputExistsError, SettingsError, SinkError
from stream.progress import Reporter


def bench(asked: Asked, out: Path | None, *, overwrite: bool) -> int:
    """Measure, print tables, and save the figures.

    Args:
        asked: what to measure.
        out: JSON file for the figures.
        overwrite: replace it.

    Raises:
        DivergentError: what a user can mend.
    """
    if not 0 < asked.seconds < math.inf:
        raise SettingsError(f"--seconds {asked.seconds:g}: measuring takes some time, and ends")
    if out is not None:
        _check(out, overwrite)
    with Reporter() as reporter:
        found = measure(asked, reporter.say)
    if out is not None:
        try:
            write_whole(out, json.dumps(found, indent=1).encode())
        except OSError as problem:
            raise SinkError(f"{out}: cannot be written ({problem.strerror})") from problem
    show(found, Console())
    return 0


def _check(out: Path, overwrite: bool) -> None:
    """Refuse a file that cannot be written before a minute is spent."""
    if not out.parent.is_dir():
        raise SinkError(f"{out}: there is no folder {out.parent}")
    if out.is_dir():
        raise SinkError(f"{out}: is a folder")
    if out.exists() and not overwrite:
        raise OutputExistsError(f"{out}: exists already: choose another name, or -y")
