"""The whole of `bench`: what is measured, in which order, and for how long."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from nets.bundle import Bundle
from nets.engine import Engine, FixedEngine, named_bundle, open_engine
from nets.preprocessing import Prepared, prepare
from stream.bench import chain, machine
from stream.bench.ensemble import (
    BATCHES,
    Work,
    against_authors,
    against_roofline,
    batch_by_batch,
    work_of,
)
from stream.bench.first_mask import first_mask
from stream.frame import Frame
from stream.synth import write_video
from stream.view import ViewFinder

CLIP_SECONDS, CLIP_LAYOUT = Fraction(2), "octagon-right"
PACES = (25.0, 30.0, 50.0, 60.0)
ROOMS = 4
"""Sources that are also answered together, at the quickest pace."""

SHARES = {
    "stages": 0.12,
    "paced": 0.16,
    "authors": 0.26,
    "batches": 0.26,
    "flat out": 0.14,
    "rates": 0.06,
}
"""Of the time that may be taken."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured.

    Attributes:
        weights: as `nets.engine.named_bundle`.
        device: as `open_engine`.
        precision: as `open_engine`.
        clip: a recording; a synthetic procedure at 1080p if None.
        seconds: about how long to measure; what is prepared for it comes on top.
        quick: fewer batches and paces.
    """

    weights: tuple[str, ...] = ()
    device: str = "auto"
    precision: str = "auto"
    clip: str | None = None
    seconds: float = 45.0
    quick: bool = False

    def for_(self, part: str) -> float:
        """Seconds for one part."""
        return self.seconds * SHARES[part]


def measure(
    asked: Asked,
    say: Callable[[str], None],
    keep: Callable[[dict[str, Any]], object] = lambda found: None,
) -> dict[str, Any]:
    """Measure everything on this machine.

    Args:
        asked: what.
        say: told what is being done.
        keep: given what there is after each part, in case that a later one takes too long.

    Returns:
        Plain values for JSON; `table.show` prints them.

    Raises:
        DivergentError: what a user can mend.
    """
    bundle = named_bundle(asked.weights, say)
    with tempfile.TemporaryDirectory(prefix="divergent-bench-") as temporary:
        folder = Path(temporary)
        clip = asked.clip or _clip(folder, say)
        frames = chain.first_frames(clip)
        with _engine(asked, "latency", say) as engine:
            work = work_of(bundle) if bundle is not None else None
            found = _identity(asked, work, engine, frames)
            if machine.is_busy(found["machine"]):
                say("warning: the machine is busy with other work: trust none of the figures")
            say("stage by stage")
            out = folder / "out.mp4"
            stages = chain.stage_by_stage(clip, engine, out, asked.for_("stages"))
            found["stages"] = {name: times.as_dict() for name, times in stages.items()}
            found["paced"] = _paced(asked, engine, frames, say)
            keep(found)
            if bundle is not None:
                say("against the authors' way")
                found |= _authors(asked, bundle, engine, frames[0])
                keep(found)
        with _engine(asked, "throughput", say) as engine:
            say("batch by batch")
            sizes = BATCHES[:2] if asked.quick else BATCHES
            prepared = _prepared(engine, frames)
            batches = batch_by_batch(engine, prepared, sizes, asked.for_("batches"))
            say("the whole chain, flat out")
            both = (engine, FixedEngine())
            rate, bare = chain.flat_out(clip, both, out, asked.for_("flat out"))
            found["flat_out"] = {
                "frames_per_second": rate,
                "without_networks": bare,
                "share": rate / bare,
            }
            found["memory_mib"] = machine.memory(engine.device)
            say("what the machine can do")
            rates = machine.measure_rates(engine.device, engine.arithmetic, asked.for_("rates"))
            found["rates"] = rates.as_dict()
            found["batches"] = [
                {"batch": size, **times.as_dict()}
                | {"pictures_per_second": size * times.per_second}
                | _roofline(size * times.per_second, work, rates, size)
                for size, times in batches.items()
            ]
    keep(found)
    say("a first mask in a fresh process")
    found["first_mask"] = first_mask(asked.weights, asked.device, asked.precision)
    return found


def _engine(asked: Asked, mode: Any, say: Callable[[str], None]) -> Engine:
    return open_engine(
        asked.weights, device=asked.device, precision=asked.precision, mode=mode, notify=say
    )


def _clip(folder: Path, say: Callable[[str], None]) -> str:
    say("rendering a synthetic procedure")
    write_video(folder / "clip.mp4", seconds=CLIP_SECONDS, layout=CLIP_LAYOUT)
    return str(folder / "clip.mp4")


def _identity(
    asked: Asked, work: Work | None, engine: Engine, frames: Sequence[Frame]
) -> dict[str, Any]:
    """What is measured, and on what."""
    picture = frames[0].picture
    return {
        "machine": machine.describe(engine.device),
        "engine": {
            "weights": engine.name,
            "members": list(engine.members),
            "runs_on": engine.runs_on,
            "arithmetic": engine.arithmetic,
            **({} if work is None else _counted(work)),
        },
        "clip": {
            "name": asked.clip or "synthetic",
            "size": f"{picture.width}x{picture.height}",
            "layout": picture.layout.name,
        },
        "seconds": asked.seconds,
        "authors_ratio": None,
    }


def _counted(work: Work) -> dict[str, float]:
    return {
        "gflop_a_picture": work.flop / 1e9,
        "million_parameters": work.weights / 1e6,
        "million_activations_a_picture": work.activations / 1e6,
    }


def _paced(
    asked: Asked, engine: Engine, frames: Sequence[Frame], say: Callable[[str], None]
) -> list[dict[str, Any]]:
    paces = (PACES[0], PACES[-1]) if asked.quick else PACES
    settings = [*((fps, 1) for fps in paces), (PACES[-1], ROOMS)]
    found = []
    for fps, rooms in settings:
        say(f"at {fps:g} frames a second" + (f" in {rooms} rooms" if rooms > 1 else ""))
        seconds = asked.for_("paced") / len(settings)
        paced = chain.paced(frames, engine, fps, rooms, seconds)
        values = {"fps": fps, "rooms": rooms, "shown": paced.shown, "skipped": paced.skipped}
        found.append(values | paced.age.as_dict())
    return found


def _prepared(engine: Engine, frames: Sequence[Frame]) -> list[Prepared]:
    finder = ViewFinder()
    return [engine.prepare(frame.picture, finder.update(frame)) for frame in frames]


def _authors(asked: Asked, bundle: Bundle, engine: Engine, frame: Frame) -> dict[str, Any]:
    view = ViewFinder().update(frame)
    inputs = prepare(frame.picture, view, bundle.contracts).inputs
    prepared = engine.prepare(frame.picture, view)
    by_contract = dict(zip(bundle.contracts, inputs, strict=True))
    authors = against_authors(bundle, engine, prepared, by_contract, asked.for_("authors"))
    return {"authors_ratio": authors["ratio"], "authors": authors}


def _roofline(
    per_second: float, work: Work | None, rates: machine.Rates, batch: int
) -> dict[str, float]:
    return {} if work is None else against_roofline(per_second, work, rates, batch)
