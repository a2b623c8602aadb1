"""From a DICOM file to the source that its pictures make."""

from pathlib import Path
from typing import TypeAlias

from stream.source.dicom.header import read_header
from stream.source.dicom.kinds import VIDEOS
from stream.source.dicom.pictures import DicomPictures
from stream.source.dicom.video import DicomVideo
from stream.tally import Tally

Dicom: TypeAlias = DicomVideo | DicomPictures


def open_dicom(path: Path, *, deinterlace: bool = True, warnings: Tally) -> Dicom:
    """Open a DICOM file's video or pictures.

    Args:
        path: of the file.
        deinterlace: make whole pictures of a video's frames that are flagged as fields.
        warnings: counts what is wrong with it.

    Raises:
        SourceError: it cannot be read, or holds nothing that is read here.
    """
    header = read_header(path)
    if header.syntax in VIDEOS:
        return DicomVideo(header, deinterlace=deinterlace, warnings=warnings)
    return DicomPictures(header, warnings=warnings)
