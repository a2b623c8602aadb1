"""The words of `divergent-stream bench`: imports little, so that help is quick."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from stream.errors import SettingsError


def bench(
    source: str | None = None,
    /,
    *,
    weights: Annotated[
        list[str] | None, Parameter(("--weights", "-w"), consume_multiple=True, negative=())
    ] = None,
    device: str = "auto",
    precision: Literal["auto", "f32", "f16", "bf16", "int8"] = "auto",
    seconds: float = 45.0,
    quick: Annotated[bool, Parameter(negative=())] = False,
    loopback: Annotated[bool, Parameter(negative=())] = False,
    size: str | None = None,
    fps: Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())] = None,
    sources: int | None = None,
    record: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[Path | None, Parameter("--json")] = None,
    overwrite: Annotated[bool, Parameter(("-y", "--overwrite"), negative=())] = False,
) -> int:
    """Measure what this machine makes of an ensemble, beside what it could make of it.

    Every stage and all together, frames at a camera's pace, batches, how much of the machine's
    own rates that is, and how many times faster than the authors' way, all in one run.

    With --loopback, live from glass to glass instead, without any hardware: a sender streams a
    synthetic procedure with a number in each picture over the network to itself, and what the
    window would show is read back.

    Parameters
    ----------
    source
        As INPUT of process. Default: two seconds of a synthetic procedure at 1920x1080.
    weights
        As of process. random:PLAN.yaml makes the members of a training plan with random weights,
        such as random:configs/ensembles/paper.yaml.
    device
        As of process.
    precision
        As of process.
    seconds
        About how long to measure; what has to be prepared for it comes on top.
    quick
        A third of that, with fewer batches and paces.
    loopback
        Measure live: how long a picture takes to be shown, and to be shown with its mask.
    size
        With --loopback, WIDTHxHEIGHT of the pictures. Default: 1920x1080.
    fps
        With --loopback, pictures a second, one or several rates. Default: 25 30 50 60.
    sources
        With --loopback, how many send at once. Default: 1.
    record
        With --loopback, record meanwhile.
    json
        File for all the figures.
    overwrite
        Replace that file.
    """
    seconds = seconds / 3 if quick else seconds
    chosen = (tuple(weights or ()), device, precision)
    if not loopback:
        _refuse("--loopback", size=size, fps=fps, sources=sources, record=record or None)
        from stream.bench.command import bench as run
        from stream.bench.run import Asked

        return run(Asked(*chosen, source, seconds, quick), json, overwrite=overwrite)
    if source is not None:
        raise SettingsError(f"{source}: --loopback sends pictures of its own: leave it out")
    from stream.bench.command import bench_loopback
    from stream.live.settings import LiveSettings
    from stream.loopback.run import PACES
    from stream.loopback.run import Asked as Loopback
    from stream.source.synthetic.address import read_fps, read_size

    rates = PACES[:: len(PACES) - 1] if quick else PACES
    asked = Loopback(
        LiveSettings(*chosen, show=False),
        read_size(size) if size else (1920, 1080),
        tuple(read_fps(each) for each in fps) if fps else rates,
        1 if sources is None else sources,
        seconds,
        record,
    )
    return bench_loopback(asked, json, overwrite=overwrite)


def _refuse(needed: str, **given: Any) -> None:
    """Refuse options that say nothing without another."""
    named = [f"--{name}" for name, value in given.items() if value is not None]
    if named:
        raise SettingsError(f"{', '.join(named)}: needs {needed}")
