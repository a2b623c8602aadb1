"""Cameras by OpenCV, where there is no V4L2 (DirectShow, AVFoundation): `camera:0`."""

import time
from collections.abc import Iterator
from fractions import Fraction

import av
import cv2
import numpy as np

from stream.errors import SourceError, UnusableSourceError
from stream.frame import frame_of
from stream.source.arrival import Arrival, GivenFormat
from stream.source.asked import Asked
from stream.source.conversion import Conversion, travelling_format
from stream.tally import Tally

SCHEME = "camera:"

CODES = {"mjpeg": "MJPG", "yuyv422": "YUY2", "uyvy422": "UYVY", "nv12": "NV12", "p010le": "P010"}
"""The four letters that OpenCV's drivers know FFmpeg's formats by."""

MICROSECOND = Fraction(1, 1_000_000)


class CameraSource:
    """A camera that OpenCV reads; it hands over BGR, which is converted once."""

    def __init__(self, address: str, asked: Asked, warnings: Tally) -> None:
        """Open the camera.

        Args:
            address: the scheme with the camera's number, or whatever else OpenCV opens.
            asked: format, size and rate.
            warnings: told what the conversion loses.

        Raises:
            UnusableSourceError: it cannot be opened.
        """
        which = address.removeprefix(SCHEME)
        self._address, self._asked = address, asked
        self._capture = cv2.VideoCapture(int(which) if which.isdecimal() else which)
        if not self._capture.isOpened():
            raise UnusableSourceError(f"{address}: OpenCV cannot open this camera")
        self._ask()
        self._conversion = Conversion(warnings)

    def _ask(self) -> None:
        """Ask for all of it; the driver takes what it likes."""
        asked, capture = self._asked, self._capture
        if asked.pixel_format is not None:
            code = CODES.get(asked.pixel_format, asked.pixel_format)
            if len(code) != 4:
                raise UnusableSourceError(
                    f"{self._address}: no such format as {code}: {', '.join(CODES)}"
                )
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*code))
        if asked.size is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, asked.size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, asked.size[1])
        if asked.rate is not None:
            capture.set(cv2.CAP_PROP_FPS, float(asked.rate))
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # of the four frames it would keep

    def __iter__(self) -> Iterator[Arrival]:
        """Frames, timed by their arrival, and what they are before the first and each change."""
        given: GivenFormat | None = None
        began = time.monotonic()
        index = 0
        while True:
            grabbed, pixels = self._capture.read()
            if not grabbed:
                raise SourceError(f"{self._address}: gives no more pictures")
            decoded = av.VideoFrame.from_ndarray(np.asarray(pixels, np.uint8), "bgr24")
            if given is None or (given.width, given.height) != (decoded.width, decoded.height):
                given = self._given(decoded, given.segment + 1 if given else 1)
                yield given
            pts = int((time.monotonic() - began) / MICROSECOND)
            yield frame_of(self._conversion.to_travel(decoded), index, pts, MICROSECOND)
            index += 1

    def _given(self, decoded: av.VideoFrame, segment: int) -> GivenFormat:
        rate = Fraction(self._capture.get(cv2.CAP_PROP_FPS)).limit_denominator(1001)
        return GivenFormat(
            segment,
            decoded.width,
            decoded.height,
            travelling_format(decoded.format),
            decoded.format.name,
            "rawvideo",
            rate if rate > 0 else None,
            MICROSECOND,
            remark=f"by OpenCV ({self._capture.getBackendName()})",
        )

    def is_connected(self) -> bool | None:
        """Not known here."""
        return None

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()
