"""The DICOM Segmentation of one run: from the source, the settings and the engine to its sink."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nets.engine import Engine, named_bundle
from stream.errors import SourceError
from stream.offline import Seen
from stream.outputs import Outputs
from stream.settings import ProcessSettings
from stream.sightings import Sighting
from stream.source.dicom.opening import Dicom
from stream.source.dicom.subject import read_subject
from stream.source.naming import Recording
from stream.tally import Tally

if TYPE_CHECKING:
    from stream.sink.segmentation import Algorithm, Segmentation

NO_SIGHTING = "there was no sighting, so no Segmentation is written"


class Segmented:
    """The branch that takes seen frames; the Segmentation is written when all are through."""

    def __init__(self, segmentation: "Segmentation", source: Dicom, warnings: Tally) -> None:
        self._segmentation, self._source, self._warnings = segmentation, source, warnings

    def write(self, seen: Seen) -> None:
        """Keep what is a polyp in the frame."""
        frame = seen.frame
        self._segmentation.write(
            self._source.number_of(frame),
            (frame.picture.width, frame.picture.height),
            seen.mask,
            seen.followed,
        )

    def finish(self, sightings: Sequence[Sighting]) -> None:
        """Write the masks of those polyps that were sightings."""
        written = self._segmentation.finish([(it.key, it.number) for it in sightings])
        if not written:
            self._warnings.add(NO_SIGHTING)


@contextmanager
def segmented(
    source: Recording,
    outputs: Outputs,
    settings: ProcessSettings,
    engine: Engine,
    *,
    overwrite: bool,
    warnings: Tally,
) -> Iterator[Segmented | None]:
    """The Segmentation's branch, or None where none is asked for.

    Raises:
        SourceError: the recording is none that a Segmentation can refer to.
        SinkError: its folder cannot be written to.
    """
    if not settings.segmentation:
        yield None
        return
    if not isinstance(source, Dicom):
        raise SourceError(f"{source.name}: is no DICOM, which a Segmentation needs to refer to")
    if source.turned:
        raise SourceError(f"{source.name}: is stored turned, and a Segmentation cannot say so")
    from stream.sink.segmentation import Segmentation  # which needs pydicom

    with Segmentation(
        outputs.segmentation,
        read_subject(source.header.path),
        _algorithm(settings, engine),
        overwrite=overwrite,
        warnings=warnings,
    ) as segmentation:
        yield Segmented(segmentation, source, warnings)


def _algorithm(settings: ProcessSettings, engine: Engine) -> "Algorithm":
    """The model by its name, its weights by their digest."""
    from stream.sink.segmentation import Algorithm

    bundle = named_bundle(settings.weights)
    return Algorithm(
        f"DivergentNets {engine.name}",
        engine.name if bundle is None else bundle.fingerprint(),
        f"threshold {settings.threshold or engine.threshold}, certainty {engine.certainty}, "
        f"min_area {settings.min_area}, "
        f"members {', '.join(engine.members)}, {engine.arithmetic}",
    )
