"""What `divergent-stream bench` does, once its words are understood."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from nets.files import write_whole
from stream.bench.machine import describe
from stream.bench.run import Asked, measure
from stream.bench.table import show
from stream.errors import OutputExistsError, SettingsError, SinkError
from stream.loopback import run as loopback
from stream.loopback import table as loopback_table
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
    return _run(lambda say: measure(asked, say), show, out, overwrite)


def bench_loopback(asked: loopback.Asked, out: Path | None, *, overwrite: bool) -> int:
    """The same from glass to glass; arguments as of `bench`."""

    def measured(say: Callable[[str], None]) -> dict[str, Any]:
        device = asked.settings.device
        machine = describe(device if device.startswith("cuda") else "cpu")
        return {"machine": machine, **loopback.measure(asked, say)}

    return _run(measured, loopback_table.show, out, overwrite)


def _run(
    measured: Callable[[Callable[[str], None]], Mapping[str, Any]],
    shown: Callable[[Mapping[str, Any], Console], None],
    out: Path | None,
    overwrite: bool,
) -> int:
    if out is not None:
        _check(out, overwrite)
    with Reporter() as reporter:
        found = measured(reporter.say)
    if out is not None:
        try:
            write_whole(out, json.dumps(found, indent=1).encode())
        except OSError as problem:
            raise SinkError(f"{out}: cannot be written ({problem.strerror})") from problem
    shown(found, Console())
    return 0


def _check(out: Path, overwrite: bool) -> None:
    """Refuse a file that cannot be written before a minute is spent."""
    if not out.parent.is_dir():
        raise SinkError(f"{out}: there is no folder {out.parent}")
    if out.is_dir():
        raise SinkError(f"{out}: is a folder")
    if out.exists() and not overwrite:
        raise OutputExistsError(f"{out}: exists already: choose another name, or -y")
