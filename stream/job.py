"""One recording from its name to its outputs, all of them whole or none under its final name."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from nets.engine import Engine
from stream.errors import OutputExistsError, SinkError
from stream.finishing import partial_of
from stream.offline import Outcome, Seen, Sink, process
from stream.overlay import Overlay
from stream.settings import ProcessSettings, plain
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.recorder import Recorder
from stream.sink.sidecar import FrameTable
from stream.source.naming import Recording
from stream.tally import Tally
from stream.view import ViewFinder


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the outputs of one recording go: `NAME.mp4`, and beside it `NAME.frames.csv` and so on.

    Attributes:
        recording: of the annotated recording.
    """

    recording: Path

    def beside(self, suffix: str) -> Path:
        """An output beside the recording."""
        return self.recording.with_name(f"{self.recording.stem}.{suffix}")

    @property
    def frames(self) -> Path:
        """The table of frames."""
        return self.beside("frames.csv")

    @property
    def settings(self) -> Path:
        """The merged settings."""
        return self.beside("settings.yaml")


class _Annotated:
    """The annotated recording as a sink of seen frames."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def write(self, seen: Seen) -> None:
        self._recorder.write(seen.shown)


class _Table:
    """The table of frames as a sink of seen frames."""

    def __init__(self, table: FrameTable) -> None:
        self._table = table

    def write(self, seen: Seen) -> None:
        self._table.write(
            seen.frame,
            polyp_fraction=seen.mask.fraction,
            boxes=seen.mask.regions,
            highest_probability=seen.mask.peak,
            view=seen.mask.view if seen.visible else None,
        )


def process_recording(
    source: Recording,
    outputs: Outputs,
    settings: ProcessSettings,
    engine: Engine,
    *,
    overwrite: bool = False,
    warnings: Tally,
    progress: Callable[[Seen], None] = lambda seen: None,
) -> Outcome:
    """Process one recording.

    Args:
        source: open; it is read to its end.
        outputs: where everything goes.
        settings: how.
        engine: what finds polyps.
        overwrite: replace outputs that are there.
        warnings: counts what was not as it should be.
        progress: told after every frame.

    Returns:
        What came of it. Where the recording breaks off, everything before that is saved under
        the final names, and `broken_off` is for the caller to raise.

    Raises:
        DivergentError: what a user can mend.
    """
    with _sinks(outputs, source, settings, overwrite, warnings) as (recorder, sinks):
        outcome = process(
            source,
            engine,
            sinks,
            finder=ViewFinder(settings.view),
            threshold=settings.threshold or engine.threshold,
            smallest=settings.min_area,
            overlay=Overlay(settings.style) if settings.overlay else None,
            pass_on=recorder.write_packet,
            progress=progress,
        )
    _save_settings(outputs, settings, engine)
    return outcome


def check_outputs(name: str, outputs: Outputs, overwrite: bool) -> None:
    """Refuse to write over the recording itself, or over outputs without being told to.

    Raises:
        SinkError: the output is the recording.
        OutputExistsError: an output is there.
    """
    final = outputs.recording
    if "://" not in name and Path(name).exists() and final.exists() and final.samefile(name):
        raise SinkError(f"{final}: is the recording itself: name another output")
    for path in (final, outputs.frames):
        if path.exists() and not overwrite:
            raise OutputExistsError(f"{path}: exists already: choose another name, or -y")


@contextmanager
def _sinks(
    outputs: Outputs,
    source: Recording,
    settings: ProcessSettings,
    overwrite: bool,
    warnings: Tally,
) -> Iterator[tuple[Recorder, list[Sink]]]:
    encoding = EncoderSettings(
        settings.codec, settings.crf, settings.bitrate, settings.preset, settings.encoder
    )
    with ExitStack() as stack:
        recorder = stack.enter_context(
            Recorder(
                outputs.recording,
                parameters=source.parameters,
                settings=encoding,
                overwrite=overwrite,
                warnings=warnings,
            )
        )
        table = stack.enter_context(FrameTable(outputs.frames, overwrite=overwrite))
        yield recorder, [_Annotated(recorder), _Table(table)]


def _save_settings(outputs: Outputs, settings: ProcessSettings, engine: Engine) -> None:
    values = plain(settings) | {
        "weights": list(settings.weights) or [engine.name],
        "threshold": settings.threshold or engine.threshold,
    }
    partial = partial_of(outputs.settings)
    try:
        partial.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        partial.replace(outputs.settings)
    except OSError as error:
        raise SinkError(f"{outputs.settings}: cannot be written: {error.strerror}") from error
