"""Whom and what a DICOM recording shows: read for an object that has to say the same."""

from pathlib import Path
from typing import Any

from stream.errors import SourceError
from stream.source.dicom.library import in_silence, need_pydicom

TAGS = [
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID",
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
    "ReferringPhysicianName", "StudyDescription", "TimezoneOffsetFromUTC",
    "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod",
]  # fmt: skip
"""The modules Patient and General Study, what the recording itself is called, and how much of
its picture compression has taken."""

NEEDED = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


def read_subject(path: Path) -> Any:
    """What a recording says of whom it shows, as a pydicom `Dataset`.

    Raises:
        SourceError: it does not say to which study it belongs, or cannot be read.
    """
    pydicom = need_pydicom(path)
    try:
        with in_silence():
            subject = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=TAGS)
            subject.decode()
    except Exception:  # whatever damaged bytes lead the library to; it may quote them
        raise SourceError(f"{path}: its DICOM header is damaged and cannot be read") from None
    missing = [keyword for keyword in NEEDED if not subject.get(keyword)]
    if missing:
        raise SourceError(f"{path}: its DICOM header lacks {missing[0]}: nothing can refer to it")
    return subject
