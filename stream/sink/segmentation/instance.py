"""The Segmentation as a DICOM object (PS3.3, A.51), module by module."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any, BinaryIO

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, generate_uid

from stream.sink.segmentation.references import Placed, refer
from stream.sink.segmentation.segments import NOT_A_DEVICE, Algorithm, segment_of, short

SERIES_NUMBER = 1000
"""Far from the numbers that a recorder gives to its own series."""

TAKEN_OVER = (
    "SpecificCharacterSet", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate",
    "PatientSex", "PatientIdentityRemoved", "DeidentificationMethod",
    "DeidentificationMethodCodeSequence", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "ReferringPhysicianName", "StudyDescription", "TimezoneOffsetFromUTC",
    "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod",
)  # fmt: skip
"""Of the recording: the modules Patient and General Study, and what compression has taken."""

MAY_BE_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "StudyID", "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
"""What has to be there even where the recording does not have it (type 2)."""


class Series:
    """All that the objects of one run have in common."""

    def __init__(self, subject: Any, algorithm: Algorithm) -> None:
        """Give the series its name.

        Args:
            subject: what the recording says of whom it shows, a pydicom `Dataset`.
            algorithm: what found the polyps.
        """
        self._subject, self._algorithm = subject, algorithm
        self._uid, self._dimensions = generate_uid(None), generate_uid(None)

    def instance(
        self, number: int, size: tuple[int, int], frames: Sequence[Placed], bits: BinaryIO
    ) -> FileDataset:
        """One object, to be saved.

        Args:
            number: of it in the series, from 1.
            size: columns and rows of every frame.
            frames: what each frame is, in the order of their bits.
            bits: the masks, from where this file is to its end.
        """
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = SegmentationStorage
        meta.MediaStorageSOPInstanceUID = generate_uid(None)
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
        made.SOPClassUID = meta.MediaStorageSOPClassUID
        made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        made.InstanceNumber = number
        self._take_over(made)
        self._say_what(made)
        polyps = dict.fromkeys(frame.polyp for frame in frames)
        made.SegmentSequence = [
            segment_of(place, polyp, self._algorithm) for place, polyp in enumerate(polyps, 1)
        ]
        refer(made, self._subject, frames, self._dimensions)
        _put_pixels(made, size, len(frames), bits)
        return made

    def _take_over(self, made: Dataset) -> None:
        for keyword in TAKEN_OVER:
            if keyword in self._subject:
                made[keyword] = self._subject[keyword]
            elif keyword in MAY_BE_EMPTY:
                setattr(made, keyword, "")
        if "LossyImageCompression" not in made:
            made.LossyImageCompression = "00"

    def _say_what(self, made: Dataset) -> None:
        """The modules Series, Equipment and General Image."""
        now = datetime.now()
        made.Modality = "SEG"
        made.SeriesInstanceUID, made.SeriesNumber = self._uid, SERIES_NUMBER
        made.SeriesDescription = short(f"Polyps by {self._algorithm.name}")
        made.ContentDate, made.ContentTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
        made.Manufacturer = "DivergentNets, live"
        made.ManufacturerModelName = "divergent-stream"
        made.DeviceSerialNumber = "none"
        made.SoftwareVersions = version("divergentnets")
        made.ImageType, made.PatientOrientation = ["DERIVED", "PRIMARY"], ""
        made.ContentLabel, made.ContentDescription = "POLYPS", NOT_A_DEVICE
        made.ContentCreatorName = ""


def _put_pixels(made: Dataset, size: tuple[int, int], frames: int, bits: BinaryIO) -> None:
    """The masks, and what their samples are: one bit, polyp or not."""
    made.SegmentationType = "BINARY"
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Columns, made.Rows = size
    made.BitsAllocated = made.BitsStored = 1
    made.HighBit = made.PixelRepresentation = 0
    made.NumberOfFrames = frames
    made.PixelData = bits
    made["PixelData"].VR = "OB"
