"""DICOM files as an endoscope's archive has them, made with pydicom around pictures from PyAV."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import UID, generate_uid

VIDEO_ENDOSCOPIC = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
VIDEO_PHOTOGRAPHIC = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
TRUE_COLOR = "1.2.840.10008.5.1.4.1.1.7.4"
VL_ENDOSCOPIC = "1.2.840.10008.5.1.4.1.1.77.1.1"

MPEG2 = "1.2.840.10008.1.2.4.100"
H264 = "1.2.840.10008.1.2.4.102"
H264_IN_FRAGMENTS = "1.2.840.10008.1.2.4.102.1"
HEVC = "1.2.840.10008.1.2.4.107"
JPEG = "1.2.840.10008.1.2.4.50"
EXPLICIT = "1.2.840.10008.1.2.1"

PATIENT = {
    "PatientName": "Doe^Wilhelmina",
    "PatientID": "PID-4711-X",
    "PatientBirthDate": "19310217",
    "PatientSex": "F",
    "AccessionNumber": "ACC-99887",
    "ReferringPhysicianName": "Zuckerkandl^Emil",
    "InstitutionName": "Allgemeines Krankenhaus",
    "StudyID": "STU-5566",
    "StudyDescription": "Coloscopia Wilhelmina",
}
"""What must not be found anywhere that it was not."""

SECRETS = [
    part for value in PATIENT.values() for part in (value, *value.split("^")) if len(part) > 3
]


@dataclass(frozen=True)
class Made:
    """What a DICOM file shall hold.

    Attributes:
        pixels: the bit stream of a video, or one of each picture.
        syntax: UID of the transfer syntax.
        frames: as its header says.
        size: width and height.
        kind: UID of the SOP class.
        pieces: fragments that a video is cut into.
        table: whether the offset table says where each picture begins; "extended" for the long one.
        more: further attributes; None takes one out.
    """

    pixels: bytes | list[bytes]
    syntax: str
    frames: int
    size: tuple[int, int] = (64, 48)
    kind: str = VIDEO_ENDOSCOPIC
    pieces: int = 1
    table: bool | str = True
    more: dict[str, Any] = field(default_factory=dict)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded term."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def write_dicom(path: Path, made: Made) -> FileDataset:
    """Write a DICOM file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(made.kind)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = UID(made.syntax)
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    for keyword, value in (PATIENT | _about(made) | made.more).items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset.AcquisitionContextSequence = []
    dataset.AnatomicRegionSequence = [code("71854001", "SCT", "Colon")]
    _put(dataset, made)
    dataset.save_as(path, enforce_file_format=True)
    return dataset


def _about(made: Made) -> dict[str, Any]:
    grey = made.more.get("SamplesPerPixel") == 1
    partial = made.syntax != JPEG and made.syntax != EXPLICIT
    about: dict[str, Any] = {
        "StudyDate": "20260301", "StudyTime": "101500", "ContentDate": "20260301",
        "ContentTime": "101501", "AcquisitionDateTime": "20260301101501", "Modality": "ES",
        "Manufacturer": "Olympia", "SeriesNumber": 1, "InstanceNumber": 1,
        "PatientOrientation": "", "ConversionType": "DV",
        "ImageType": ["ORIGINAL", "PRIMARY"], "BurnedInAnnotation": "NO",
        "NumberOfFrames": made.frames, "Rows": made.size[1], "Columns": made.size[0],
        "SamplesPerPixel": 3, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7,
        "PixelRepresentation": 0, "FrameTime": "40", "FrameIncrementPointer": 0x00181063,
        "LossyImageCompression": "01", "LossyImageCompressionRatio": "20",
        "LossyImageCompressionMethod": "ISO_14496_10",
    }  # fmt: skip
    if not grey:
        about["PlanarConfiguration"] = 0
    meaning = "YBR_PARTIAL_420" if partial else "YBR_FULL_422"
    about["PhotometricInterpretation"] = "MONOCHROME2" if grey else meaning
    if made.kind.startswith("1.2.840.10008.5.1.4.1.1.77"):
        about.pop("ConversionType")
    return about


def _put(dataset: Dataset, made: Made) -> None:
    if isinstance(made.pixels, bytes):
        if made.syntax == EXPLICIT:
            dataset.PixelData = made.pixels
        elif not made.pixels:
            dataset.PixelData = bytes.fromhex("feff00e000000000")  # an empty table of offsets
        else:
            dataset.PixelData = encapsulate(
                [made.pixels], fragments_per_frame=made.pieces, has_bot=False
            )
    elif made.table == "extended":
        pixels, offsets, lengths = encapsulate_extended(made.pixels)
        dataset.PixelData = pixels
        dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = offsets, lengths
    else:
        dataset.PixelData = encapsulate(
            made.pixels, fragments_per_frame=made.pieces, has_bot=bool(made.table)
        )
    dataset["PixelData"].VR = "OB"


def jpegs_of(count: int, size: tuple[int, int] = (64, 48)) -> list[bytes]:
    """Pictures as JPEG, each of another colour with a brighter square that moves."""
    streams = []
    for index in range(count):
        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt = *size, "yuvj422p"
        encoder.time_base = Fraction(1, 25)
        rgb = np.full((size[1], size[0], 3), (180, 90 + 5 * (index % 20), 80), np.uint8)
        rgb[8:24, 4 + index % 32 : 20 + index % 32] = (240, 200, 190)
        frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuvj422p")
        frame.pts = index
        (packet,) = encoder.encode(frame) + encoder.encode(None)
        streams.append(bytes(packet))
    return streams


def read(path: Path) -> FileDataset:
    """A DICOM file, read by pydicom."""
    return pydicom.dcmread(path)
