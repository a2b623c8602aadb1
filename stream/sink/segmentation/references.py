"""How a Segmentation refers to its recording: as a whole, and frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.tag import Tag

from stream.sink.segmentation.segments import Polyp, coded

DIMENSIONS = (
    ("ReferencedSegmentNumber", "SegmentIdentificationSequence"),
    ("TemporalPositionIndex", "FrameContentSequence"),
)
"""By what frames differ: the polyp and the moment. A video has no place in space to tell by."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame of a Segmentation: which polyp it shows, in which frame of the recording."""

    polyp: Polyp
    number: int


def refer(made: Dataset, subject: Any, frames: Sequence[Placed], dimensions: str) -> None:
    """Put the references into an object.

    Args:
        made: the object.
        subject: the recording's own name and its series', a pydicom `Dataset`.
        frames: what each frame of the object is, in order; segments are numbered as they come.
        dimensions: UID of the way in which frames are ordered.
    """
    organisation = Dataset()
    organisation.DimensionOrganizationUID = dimensions
    made.DimensionOrganizationSequence = [organisation]
    made.DimensionIndexSequence = [_dimension(*dimension, dimensions) for dimension in DIMENSIONS]
    moments = {
        number: place for place, number in enumerate(sorted({it.number for it in frames}), 1)
    }
    segments = {
        polyp: place for place, polyp in enumerate(dict.fromkeys(it.polyp for it in frames), 1)
    }
    made.SharedFunctionalGroupsSequence = [Dataset()]
    made.PerFrameFunctionalGroupsSequence = [
        _frame(segments[frame.polyp], moments[frame.number], _source(subject, frame.number))
        for frame in frames
    ]
    series = Dataset()
    series.SeriesInstanceUID = subject.SeriesInstanceUID
    series.ReferencedInstanceSequence = [_instance(subject)]
    made.ReferencedSeriesSequence = [series]


def _dimension(pointer: str, group: str, dimensions: str) -> Dataset:
    dimension = Dataset()
    dimension.DimensionOrganizationUID = dimensions
    dimension.DimensionIndexPointer, dimension.FunctionalGroupPointer = Tag(pointer), Tag(group)
    return dimension


def _instance(subject: Any) -> Dataset:
    """The recording as a whole."""
    instance = Dataset()
    instance.ReferencedSOPClassUID = subject.SOPClassUID
    instance.ReferencedSOPInstanceUID = subject.SOPInstanceUID
    return instance


def _source(subject: Any, number: int) -> Dataset:
    """One frame of the recording."""
    source = _instance(subject)
    source.ReferencedFrameNumber = number
    source.SpatialLocationsPreserved = "YES"
    purpose = codes.DCM.SourceImageForImageProcessingOperation
    source.PurposeOfReferenceCodeSequence = [coded(purpose)]
    return source


def _frame(segment: int, moment: int, source: Dataset) -> Dataset:
    """What one frame shows, and of what it was made (PS3.3, A.51.5)."""
    content = Dataset()
    content.DimensionIndexValues = [segment, moment]
    content.TemporalPositionIndex = moment
    derivation = Dataset()
    derivation.DerivationCodeSequence = [coded(codes.cid7203.SegmentationImageDerivation)]
    derivation.SourceImageSequence = [source]
    identification = Dataset()
    identification.ReferencedSegmentNumber = segment
    frame = Dataset()
    frame.FrameContentSequence = [content]
    frame.DerivationImageSequence = [derivation]
    frame.SegmentIdentificationSequence = [identification]
    return frame
