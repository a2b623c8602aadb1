"""One recording from its name to its outputs, followed by whoever wants to know."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

from nets.engine import Engine, open_engine
from nets.errors import DivergentError
from stream.finishing import left_partial
from stream.job import process_recording
from stream.offline import Seen
from stream.outputs import Outputs, check_outputs
from stream.progress import Count
from stream.report import words
from stream.settings import ProcessSettings
from stream.source.address import redacted
from stream.source.naming import Recording, open_recording
from stream.tally import Tally

DONE = ("finished", "broken off")
"""States of a result whose outputs stand under their final names."""


@dataclass(frozen=True, slots=True)
class Task:
    """A recording to process.

    Attributes:
        name: what `open_recording` takes.
        output: the annotated recording.
        overwrite: replace outputs that are there.
    """

    name: str
    output: Path
    overwrite: bool


@dataclass(frozen=True, slots=True)
class Result:
    """How a task ended.

    Attributes:
        status: `broken off` where the recording ends before its own end: what came before is
            whole under the final names.
        count: how far it came.
        seconds: how long it took.
        message: one line where something went wrong.
        trace: of a fault of the program.
        runs_on: device and arithmetic of the engine.
    """

    status: Literal["finished", "broken off", "failed"]
    count: Count = field(default_factory=Count)
    seconds: float = 0.0
    message: str = ""
    trace: str = ""
    runs_on: str = ""

    def in_words(self) -> str:
        """How much was done, how fast, and what was found."""
        seconds = max(self.seconds, 1e-9)
        return (
            f"{words.count(self.count.frames, 'frame')} in {self.seconds:.1f} s "
            f"({self.count.frames / seconds:.1f} fps, "
            f"{self.count.media_seconds / seconds:.1f} x real time; {self.runs_on}), "
            f"polyp in {self.count.with_polyp} of them, "
            f"{words.count(self.count.sightings, 'sighting')}"
        )


class Follower(Protocol):
    """Who is told about a task."""

    def begin(self, name: str, frames: int | None) -> None:
        """It is open and has about so many frames."""
        ...

    def update(self, count: Count) -> None:
        """So much is through; called after every frame."""
        ...

    def say(self, line: str) -> None:
        """One line for people."""
        ...


def engine_for(
    settings: ProcessSettings, notify: Callable[[str], None] = lambda line: None
) -> Engine:
    """The engine that some settings ask for.

    Args:
        settings: name the weights, device and precision.
        notify: told before something that takes long.

    Raises:
        DivergentError: it cannot be had.
    """
    return open_engine(
        settings.weights,
        device=settings.device,
        precision=settings.precision,
        mode="throughput",
        notify=notify,
    )


def run(
    task: Task,
    settings: ProcessSettings,
    engine: Callable[[], Engine],
    follower: Follower,
    watch: Callable[[Recording, Seen], None] = lambda source, seen: None,
) -> Result:
    """Process a recording.

    Args:
        task: which.
        settings: how.
        engine: gives the engine, once the recording is open.
        follower: told how it goes.
        watch: sees every frame.

    Returns:
        A result that is `finished` or `broken off`.

    Raises:
        DivergentError: what a user can mend.
        Interrupted: a signal came; its note names what was kept.
    """
    warnings = Tally(lambda line: follower.say(f"warning: {line}"))
    outputs, count = Outputs(task.output), Count()
    check_outputs(task.name, outputs, task.overwrite, settings)
    with open_recording(
        task.name,
        deinterlace=settings.deinterlace,
        decoder=settings.decoder,
        warnings=warnings,
    ) as source:
        running = engine()
        follower.begin(source.name, source.frame_count)
        start: Fraction | None = None

        def progress(seen: Seen) -> None:
            nonlocal start
            start = seen.frame.seconds if start is None else start
            count.frames += 1
            count.with_polyp += bool(seen.mask.regions)
            count.sightings = seen.sightings
            count.media_seconds = float(seen.frame.seconds - start + 1 / source.rate)
            follower.update(count)
            watch(source, seen)

        try:
            outcome = process_recording(
                source,
                outputs,
                settings,
                running,
                overwrite=task.overwrite,
                warnings=warnings,
                progress=progress,
            )
        except KeyboardInterrupt as interrupt:
            kept = ", ".join(str(path) for path in left_partial(task.output))
            if kept:
                interrupt.add_note(f"what was recorded until now plays in {kept}")
            raise
    for line in warnings.lines():
        if line.endswith(" times)"):
            follower.say(f"warning: {line}")
    if outcome.broken_off is not None:
        message = str(outcome.broken_off)
        return Result("broken off", count, outcome.seconds, message, runs_on=running.runs_on)
    return Result("finished", count, outcome.seconds, runs_on=running.runs_on)


def attempt(
    task: Task, settings: ProcessSettings, engine: Callable[[], Engine], follower: Follower
) -> Result:
    """Process a recording of many: whatever goes wrong with it is its result.

    Raises:
        Interrupted: a signal came.
    """
    try:
        task.output.parent.mkdir(parents=True, exist_ok=True)
        return run(task, settings, engine, follower)
    except DivergentError as problem:
        return Result("failed", message=str(problem))
    except OSError as problem:
        return Result("failed", message=f"{task.output}: {problem.strerror or problem}")
    except Exception as fault:
        message = f"{type(fault).__name__}: {fault} (a fault of the program: see the journal)"
        trace = redacted(traceback.format_exc())  # it goes into the journal
        return Result("failed", message=redacted(message), trace=trace)
