"""What a DICOM file says of its pictures; nothing of whom they show is read."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from stream.errors import SourceError
from stream.source.dicom.kinds import (
    CODECS,
    DEFLATED,
    IMPLICIT,
    KINDS,
    MEANINGS,
    MEDIA_DIRECTORY,
    PLAIN,
    VIDEOS,
)
from stream.source.dicom.library import in_silence, need_pydicom
from stream.source.dicom.magic import PREAMBLE

TAGS = [
    "SOPClassUID", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation",
    "BitsAllocated", "FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate",
    "ExtendedOffsetTable",
]  # fmt: skip
"""All that is read."""

ENVELOPED = bytes.fromhex("06092a864886f70d010703")
"""Object identifier of enveloped-data, DER: how a secure DICOM file begins (PS3.15, annex D)."""

PIXEL_DATA = bytes.fromhex("e07f1000")
"""Its tag, little endian."""

UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Header:
    """A DICOM file's pictures, as its header has them.

    Attributes:
        path: of the file.
        kind: name of its SOP class.
        syntax: UID of its transfer syntax.
        syntax_name: that in words.
        frames: how many; 1 where it does not say.
        photometric: what its samples mean.
        grey: whether there is one sample a pixel.
        frame_time: seconds from frame to frame, exact; None where it does not say.
        increments: seconds from the frame before to each, where these differ; else empty.
        offsets: at which byte each frame begins, by the extended offset table; may be empty.
        pixels_at: byte at which the value of the pixel data begins.
        pixels: bytes of it; None where it is a sequence of fragments.
    """

    path: Path
    kind: str
    syntax: str
    syntax_name: str
    frames: int
    photometric: str
    grey: bool
    frame_time: Fraction | None
    increments: tuple[Fraction, ...]
    offsets: tuple[int, ...]
    pixels_at: int
    pixels: int | None


def read_header(path: Path) -> Header:
    """Read what a file says of its pictures.

    Raises:
        SourceError: it is not there, no DICOM, encrypted, damaged, or holds nothing that is read
            here.
    """
    uid = need_pydicom(path).uid.UID
    _check_start(path)
    dataset, kind, syntax, pixels = _read(path)
    _check_kind(path, kind, syntax, uid)
    short = syntax == IMPLICIT  # a tag and four bytes of length (PS3.5, section 7.1)
    if not pixels.head.startswith(PIXEL_DATA) or len(pixels.head) < (8 if short else 12):
        raise SourceError(f"{path}: holds no pictures, or breaks off before them")
    length = int.from_bytes(pixels.head[4:8] if short else pixels.head[8:12], "little")
    if (length == UNDEFINED) != (syntax not in PLAIN or syntax.endswith(".5")):
        raise SourceError(f"{path}: its pictures are not encoded as its header says")
    try:
        with in_silence():  # values are made of their bytes only now
            header = Header(
                path,
                KINDS[kind],
                syntax,
                str(uid(syntax).name),
                int(dataset.get("NumberOfFrames") or 1),
                str(dataset.get("PhotometricInterpretation") or ""),
                int(dataset.get("SamplesPerPixel") or 1) == 1,
                _frame_time(dataset),
                _increments(dataset),
                _offsets(dataset),
                pixels.at + (8 if short else 12),
                None if length == UNDEFINED else length,
            )
            deep = int(dataset.get("BitsAllocated") or 8) > 8
    except Exception:  # whatever damaged bytes lead the library to; it may quote them
        raise _damaged(path) from None
    if syntax not in VIDEOS and (deep or header.photometric not in MEANINGS):
        samples = "more than 8 bits" if deep else header.photometric or "of no known meaning"
        raise SourceError(f"{path}: its samples are {samples}, which is not read")
    if header.frames < 1:
        raise SourceError(f"{path}: holds no pictures, or breaks off before them")
    return header


@dataclass(frozen=True, slots=True)
class _Pixels:
    """Where the element of the pixel data begins, and its first twelve bytes."""

    at: int
    head: bytes


def _check_start(path: Path) -> None:
    """Refuse what is no DICOM file before the library says so in its own words."""
    try:
        if not path.exists():
            raise SourceError(f"{path}: there is no such file")
        with path.open("rb") as file:
            start = file.read(PREAMBLE + 4)
    except OSError as problem:
        raise SourceError(f"{path}: {problem.strerror}") from None
    if not start:
        raise SourceError(f"{path}: is empty (0 bytes)")
    if start[:1] == b"\x30" and ENVELOPED in start[:32]:
        raise SourceError(f"{path}: is encrypted (a secure DICOM file): decrypt it first")
    if start[PREAMBLE:] != b"DICM":
        raise SourceError(f"{path}: is no DICOM file (its bytes 128 to 131 are not DICM)")


def _read(path: Path) -> tuple[Any, str, str, _Pixels]:
    """The attributes that are read, the kind and the syntax, and the pixel data's beginning."""
    pydicom = need_pydicom(path)
    try:
        with path.open("rb") as file, in_silence():
            meta = pydicom.filereader.read_file_meta_info(path)
            kind = str(meta.get("MediaStorageSOPClassUID") or "")
            syntax = str(meta.get("TransferSyntaxUID") or "")
            if syntax == DEFLATED:
                return {}, kind, syntax, _Pixels(0, b"")  # or all of it would be inflated
            dataset = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=TAGS)
            kind = str(dataset.get("SOPClassUID") or kind)
            at = file.tell()
            return dataset, kind, syntax, _Pixels(at, file.read(12))
    except OSError as problem:
        raise SourceError(f"{path}: {problem.strerror}") from None
    except Exception:  # whatever damaged bytes lead the library to; it may quote them
        raise _damaged(path) from None


def _check_kind(path: Path, kind: str, syntax: str, uid: Any) -> None:
    """Refuse other kinds of objects and of encoding, by their names."""
    if kind == MEDIA_DIRECTORY:
        raise SourceError(f"{path}: is a DICOMDIR, a list of files: name one of these, or a folder")
    if syntax == DEFLATED:
        raise SourceError(f"{path}: its DICOM is deflated: inflate it first (dcmconv +te)")
    if not kind or not syntax:
        raise SourceError(f"{path}: breaks off in its DICOM header, or the header is damaged")
    if kind not in KINDS:
        named = str(uid(kind).name).removesuffix(" Storage")
        raise SourceError(f"{path}: holds no endoscope's recording but {named}")
    if syntax not in VIDEOS and syntax not in CODECS and syntax not in PLAIN:
        raise SourceError(f"{path}: its transfer syntax, {uid(syntax).name}, is not read")


def _damaged(path: Path) -> SourceError:
    return SourceError(f"{path}: its DICOM header is damaged and cannot be read")


def _frame_time(dataset: Any) -> Fraction | None:
    """Seconds from frame to frame, from whichever attribute has them."""
    for keyword in ("FrameTime", "CineRate", "RecommendedDisplayFrameRate"):
        try:
            value = Fraction(str(dataset.get(keyword)))
        except (ValueError, ArithmeticError):
            continue
        if value > 0:
            return value / 1000 if keyword == "FrameTime" else 1 / value
    return None


def _increments(dataset: Any) -> tuple[Fraction, ...]:
    """Seconds to each frame from the one before, if there is one for each."""
    value = dataset.get("FrameTimeVector")
    values = value if isinstance(value, list) or hasattr(value, "append") else []
    if len(values) != int(dataset.get("NumberOfFrames") or 1):
        return ()
    return tuple(Fraction(str(milliseconds)) / 1000 for milliseconds in values)


def _offsets(dataset: Any) -> tuple[int, ...]:
    """The extended offset table: 64-bit numbers, little endian (PS3.3, C.7.6.3.1.8)."""
    table = dataset.get("ExtendedOffsetTable")
    if not isinstance(table, bytes):
        return ()
    return tuple(int.from_bytes(table[at : at + 8], "little") for at in range(0, len(table), 8))
