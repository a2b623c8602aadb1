"""What a Segmentation says of a polyp: a segment, in coded terms, with the model that found it."""

from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

NOT_A_DEVICE = "Found by research software, not a medical device"

LONG_STRING = 64
"""Most letters of a short text (LO; PS3.5, table 6.2-1)."""

GREEN = [52428, 17476, 48316]
"""A colour that tissue does not have: CIELab 80, -60, 60, as PS3.3, C.10.7.1.1 encodes it."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What finds the polyps.

    Attributes:
        name: of the model.
        version: of its weights: a digest, or whatever tells them from others.
        parameters: what else decides what is found.
    """

    name: str
    version: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Polyp:
    """A polyp of a Segmentation.

    Attributes:
        key: of its masks.
        number: by which people know it.
        uid: by which other objects know it.
    """

    key: int
    number: int
    uid: str


def segment_of(place: int, polyp: Polyp, algorithm: Algorithm) -> Dataset:
    """An item of the segment sequence (PS3.3, C.8.20.2).

    Args:
        place: of the segment in its object, from 1.
        polyp: what it is.
        algorithm: what found it.
    """
    segment = Dataset()
    segment.SegmentNumber = place
    segment.SegmentLabel = f"Polyp {polyp.number}"
    segment.SegmentDescription = NOT_A_DEVICE
    segment.SegmentAlgorithmType = "AUTOMATIC"
    segment.SegmentAlgorithmName = short(algorithm.name)
    segment.SegmentationAlgorithmIdentificationSequence = [_identification(algorithm)]
    segment.SegmentedPropertyCategoryCodeSequence = [
        coded(codes.SCT.MorphologicallyAbnormalStructure)
    ]
    segment.SegmentedPropertyTypeCodeSequence = [coded(codes.SCT.PolypOfColon)]
    segment.AnatomicRegionSequence = [coded(codes.SCT.Colon)]
    segment.TrackingID, segment.TrackingUID = f"Polyp {polyp.number}", polyp.uid
    segment.RecommendedDisplayCIELabValue = GREEN
    return segment


def _identification(algorithm: Algorithm) -> Dataset:
    """The model by its name (PS3.3, table 10-19)."""
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [coded(codes.DCM.ArtificialIntelligence)]
    item.AlgorithmName = short(algorithm.name)
    item.AlgorithmVersion = short(algorithm.version)
    item.AlgorithmParameters = algorithm.parameters
    item.AlgorithmSource = "DivergentNets, live"
    return item


def coded(code: Any) -> Dataset:
    """A term of pydicom's dictionary as an item of a sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme_designator
    item.CodeMeaning = code.meaning
    return item


def short(text: str) -> str:
    """A text as such an attribute can hold it: ASCII, no backslash, not too long."""
    plain = text.encode("ascii", "replace").decode().replace("\\", "/")
    return "".join(letter if letter.isprintable() else "?" for letter in plain)[:LONG_STRING]
