"""One recording from its name to its outputs, all of them whole or none under its final name."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import yaml

from nets.engine import Engine
from stream.branches import Annotated, Annotations, Log, MaskImages, Masks, Rows, Stills, Table
from stream.finishing import finished
from stream.offline import Outcome, Seen, Sink, process
from stream.outputs import Outputs, check_outputs
from stream.overlay import Overlay
from stream.parameters import StreamParameters
from stream.report import RecordingLog, write_report
from stream.reporting import report_of, settings_used
from stream.segmenting import segmented
from stream.settings import ProcessSettings, plain
from stream.sightings import SightingTracker, write_sightings
from stream.sink.annotations import CocoFile, CvatFile
from stream.sink.masks import MaskRecording
from stream.sink.parquet import FrameParquet
from stream.sink.pictures import PictureFolder
from stream.sink.recorder import Recorder
from stream.sink.sidecar import FrameTable
from stream.smoothing import Smoother
from stream.source.naming import Recording
from stream.tally import Tally
from stream.view import ViewFinder

__all__ = ["Outputs", "check_outputs", "process_recording"]


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
    with segmented(
        source, outputs, settings, engine, overwrite=overwrite, warnings=warnings
    ) as segmentation:
        with _opened(outputs, source.parameters, settings, overwrite, warnings) as sinks:
            outcome = process(
                source,
                engine,
                sinks.all if segmentation is None else [*sinks.all, segmentation],
                finder=ViewFinder(settings.view, watchful=settings.redact),
                threshold=settings.threshold or engine.threshold,
                smallest=settings.min_area,
                tracker=SightingTracker(settings.sightings),
                overlay=Overlay(settings.style) if settings.overlay else None,
                smoother=Smoother(settings.smoothing) if settings.smoothing else None,
                redact=settings.redact,
                pass_on=sinks.recorder.write_packet,
                progress=progress,
            )
        if segmentation is not None:
            segmentation.finish(outcome.sightings)
    write_sightings(
        outputs.sightings,
        outcome.sightings,
        recording=outputs.recording.name,
        settings=plain(settings.sightings),
        overwrite=overwrite,
    )
    if settings.report:
        report = report_of(
            source,
            outputs,
            settings,
            engine,
            outcome,
            log=sinks.log,
            files=sinks.annotated.files,
            encoding=sinks.annotated.encoding,
            warnings=warnings,
        )
        write_report(outputs.report, report, overwrite=overwrite)
    with finished(outputs.settings, overwrite=True) as partial:
        text = yaml.safe_dump(settings_used(settings, engine), sort_keys=False)
        partial.write_text(text, encoding="utf-8")
    return outcome


@dataclass(frozen=True, slots=True)
class _Sinks:
    """Where the frames of a recording go.

    Attributes:
        recorder: writes the annotated recording; takes sound and subtitles too.
        annotated: its branch.
        log: gathers what the report says.
        all: every branch.
    """

    recorder: Recorder
    annotated: Annotated
    log: RecordingLog
    all: list[Sink]


@contextmanager
def _opened(
    outputs: Outputs,
    parameters: StreamParameters,
    settings: ProcessSettings,
    overwrite: bool,
    warnings: Tally,
) -> Iterator[_Sinks]:
    """Open every sink that the settings ask for; all are finished together, or left partial."""
    if settings.redact:
        parameters = replace(parameters, passed_through=(), metadata={})
    with ExitStack() as stack:
        recorder = Recorder(
            outputs.recording,
            parameters=parameters,
            settings=settings.encoding,
            overwrite=overwrite,
            warnings=warnings,
        )
        annotated, log = Annotated(recorder), RecordingLog()
        table = stack.enter_context(FrameTable(outputs.frames, overwrite=overwrite))
        sinks: list[Sink] = [annotated, Table(table)]
        if settings.parquet:
            rows = stack.enter_context(FrameParquet(outputs.parquet, overwrite=overwrite))
            sinks.append(Rows(rows))
        if settings.masks:
            masks = MaskRecording(
                outputs.masks, parameters=parameters, overwrite=overwrite, warnings=warnings
            )
            sinks.append(Masks(stack.enter_context(masks)))
        if settings.mask_images:
            folder = PictureFolder(outputs.mask_images, overwrite=overwrite)
            sinks.append(MaskImages(stack.enter_context(folder)))
        if settings.frames is not None:
            folder = PictureFolder(outputs.stills, overwrite=overwrite)
            sinks.append(Stills(stack.enter_context(folder), settings.frames))
        for kind, path in ((CocoFile, outputs.coco), (CvatFile, outputs.cvat)):
            if path in outputs.files(settings):
                file = stack.enter_context(kind(path, overwrite=overwrite))
                sinks.append(Annotations(file, settings.frames or 1))
        if settings.report:
            sinks.append(Log(log))
        # Last in, first out: where the recording cannot be finished, nothing gets its name.
        stack.enter_context(recorder)
        yield _Sinks(recorder, annotated, log, sinks)
