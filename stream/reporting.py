"""What the report says of one run: gathered from the source, the engine and the outcome."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from nets.engine import Engine
from nets.picture import Rect
from stream.offline import Outcome
from stream.outputs import Outputs
from stream.report import RecordingLog, Report
from stream.report.words import percent, span
from stream.settings import ProcessSettings, plain
from stream.source.naming import Recording
from stream.tally import Tally


def settings_used(settings: ProcessSettings, engine: Engine) -> dict[str, object]:
    """The merged settings with what the engine decided; nothing of the machine if redacted."""
    weights = [] if settings.redact else list(settings.weights)
    return plain(settings) | {
        "weights": weights or [engine.name],
        "threshold": settings.threshold or engine.threshold,
        "certainty": engine.certainty,
    }


def report_of(
    source: Recording,
    outputs: Outputs,
    settings: ProcessSettings,
    engine: Engine,
    outcome: Outcome,
    *,
    log: RecordingLog,
    files: Sequence[tuple[Path, float]],
    encoding: str,
    warnings: Tally,
) -> Report:
    """The report of a recording that has been processed.

    Args:
        source: the recording.
        outputs: where everything went.
        settings: how.
        engine: what found polyps.
        outcome: what came of it.
        log: what was noted of every frame.
        files: of the annotated recording, and the second at which each begins.
        encoding: of those files, in words; empty where there are none.
        warnings: what was not as it should be.
    """
    frame_s = float(1 / source.rate)
    return Report(
        title=outputs.recording.name,
        written=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"),
        files=[(path.name, start) for path, start in files],
        facts=_facts(source, settings, engine, outcome, log, encoding),
        speed=f"{_rate(outcome):.1f} fps",
        log=log,
        frame_s=frame_s,
        sightings=outcome.sightings,
        settings=settings_used(settings, engine),
        weights=engine.name,
        card=engine.card,
        broken_off=outcome.broken_off is not None,
        notes=_notes(settings, outcome, warnings),
    )


def _facts(
    source: Recording,
    settings: ProcessSettings,
    engine: Engine,
    outcome: Outcome,
    log: RecordingLog,
    encoding: str,
) -> list[tuple[str, str]]:
    media = log.last - log.first + float(1 / source.rate)
    sound = len(source.parameters.passed_through)
    facts = [] if settings.redact else [("Source", source.name)]
    facts += [
        ("Encoded as", source.encoding),
        ("Picture", log.picture),
        ("View", "none found" if log.view is None else _placed(log.view)),
        ("Frame rate", f"{float(source.rate):.3f} fps ({source.rate})"),
        ("Length", f"{span(media)}, {outcome.frames:,} frames"),
        ("Sound and subtitles", _passed(sound, settings.redact)),
        (
            "Frames with a polyp",
            f"{outcome.with_polyp:,} ({percent(outcome.with_polyp / max(outcome.frames, 1))})",
        ),
        ("Recorded as", encoding or "nothing"),
        ("Ensemble", f"{engine.name} ({', '.join(engine.members)})"),
        ("Ran on", engine.runs_on),
        (
            "Speed",
            f"{_rate(outcome):.1f} frames/s, {media / max(outcome.seconds, 1e-9):.2f} × real time; "
            f"the ensemble took {percent(outcome.engine_seconds / max(outcome.seconds, 1e-9))} "
            "of the time",
        ),
        ("Program", f"divergentnets {version('divergentnets')}"),
    ]
    return facts


def _placed(view: Rect) -> str:
    return f"{view.width}×{view.height} at {view.x}, {view.y}"


def _passed(streams: int, redact: bool) -> str:
    if not streams:
        return "none"
    return "left out" if redact else f"{streams} passed on"


def _rate(outcome: Outcome) -> float:
    """Frames a second."""
    return outcome.frames / max(outcome.seconds, 1e-9)


def _notes(settings: ProcessSettings, outcome: Outcome, warnings: Tally) -> list[str]:
    """Warnings; they may name the source, so a redacted report only counts them."""
    notes = warnings.lines()
    if outcome.broken_off is not None:
        notes.append(str(outcome.broken_off))
    if settings.redact and notes:
        kinds = "1 kind of warning" if len(notes) == 1 else f"{len(notes)} kinds of warnings"
        broken = ": the recording breaks off before its end" if outcome.broken_off else ""
        return [f"{kinds}, not shown because they may name the source{broken}"]
    return notes
