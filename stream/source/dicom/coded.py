"""Pictures out of pixel data as frames of FFmpeg, in the samples that they are stored in."""

import os
from collections.abc import Iterator
from typing import BinaryIO, cast

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from stream.frame import view_plane
from stream.source.dicom.fragments import find_fragments, pictures_of
from stream.source.dicom.header import Header
from stream.source.dicom.kinds import CODECS
from stream.source.dicom.library import in_silence, need_pydicom

COLOUR_MARKERS = (b"\xff\xee\x00\x0eAdobe", b"JFIF\x00")
"""What says in a JPEG itself whether its components are RGB."""

DICOM_YCBCR = 5
"""Tag of the matrix by which DICOM's YBR_FULL is made (PS3.3, C.7.6.3.1.2: that of BT.601)."""


def coded_pictures(file: BinaryIO, header: Header) -> Iterator[av.VideoFrame | None]:
    """Pictures that each are a code stream, in order; None for one that cannot be decoded.

    Args:
        file: the DICOM file.
        header: of it.

    Raises:
        SourceError: there are none, or the items around them are damaged.
    """
    found = find_fragments(file, header)
    decoder = cast(VideoCodecContext, av.CodecContext.create(CODECS[header.syntax], "r"))
    decoder.thread_type = "NONE"  # each packet gives its picture at once
    for fragments in pictures_of(file, found, header.frames):
        stream = bytearray()
        for number in fragments:
            file.seek(found.starts[number])
            stream += file.read(found.lengths[number])
        yield _decoded(decoder, bytes(stream), header.photometric)


def _decoded(decoder: VideoCodecContext, stream: bytes, photometric: str) -> av.VideoFrame | None:
    try:
        pictures = decoder.decode(Packet(stream))
    except av.FFmpegError:
        return None
    if not pictures:
        return None
    picture = pictures[0]
    marked = any(marker in stream for marker in COLOUR_MARKERS)
    # RGB is never stored with less chroma: such a file names its colours wrongly.
    if photometric == "RGB" and not marked and picture.format.name == "yuvj444p":
        return _relabelled(picture, "gbrp", (1, 2, 0))
    if photometric.startswith("YBR_FULL") and picture.format.name == "rgb24":
        return _full_range(np.asarray(picture.to_ndarray(), np.uint8))
    return picture


def _relabelled(picture: av.VideoFrame, form: str, order: tuple[int, ...]) -> av.VideoFrame:
    """The same planes, of the same size each, as what they really are."""
    made = av.VideoFrame(picture.width, picture.height, form)
    shape = picture.height, picture.width
    for plane, source in zip(made.planes, order, strict=True):
        view_plane(plane, shape, np.uint8)[...] = view_plane(
            picture.planes[source], shape, np.uint8
        )
    return made


def _full_range(samples: NDArray[np.uint8]) -> av.VideoFrame:
    """A picture of (H, W, 3) uint8 samples of luma and chroma."""
    made = av.VideoFrame(samples.shape[1], samples.shape[0], "yuv444p")
    for number, plane in enumerate(made.planes):
        view_plane(plane, samples.shape[:2], np.uint8)[...] = samples[..., number]
    made.colorspace, made.color_range = DICOM_YCBCR, ColorRange.JPEG
    return made


def plain_pictures(file: BinaryIO, header: Header) -> Iterator[av.VideoFrame | None]:
    """Pictures whose samples are stored as they are; otherwise as `coded_pictures`."""
    pixels = need_pydicom(header.path).pixels
    if header.pixels is None:
        breaks_off = not find_fragments(file, header).whole
    else:
        breaks_off = os.fstat(file.fileno()).st_size < header.pixels_at + header.pixels
    for number in range(header.frames):
        file.seek(0)
        try:
            with in_silence():
                samples = pixels.pixel_array(file, index=number, raw=True)
        except Exception:  # whatever damaged bytes lead the library to
            if breaks_off:
                return
            yield None
            continue
        if header.grey:
            yield av.VideoFrame.from_ndarray(samples, "gray")
        elif header.photometric.startswith("YBR_FULL"):
            yield _full_range(samples)
        else:
            yield av.VideoFrame.from_ndarray(samples, "rgb24")
