"""Encodes a room's pictures for those who watch now, and sends them."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import Any

import av
from av.video.frame import PictureType
from av.video.reformatter import Interpolation, VideoReformatter

from stream.errors import SinkError
from stream.frame import Frame, decoded_of
from stream.publish.target import way_to

TICK = Fraction(1, 90_000)
FORMAT = "yuv420p"
"""What every player shows."""

KEYFRAME_S = 1.0
"""Who comes sees a picture after so long, and so does who lost some."""

ENCODING = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "crf": "23",
    "maxrate": "12M",
    "bufsize": "6M",
    "forced-idr": "1",
}

NOMINAL_FPS = 30
"""Pictures come when they come and carry their times; the encoder wants to be told something."""

FAILURES = (av.FFmpegError, OSError, ValueError)


class Sender:
    """Sends pictures of one size to one address."""

    def __init__(self, url: str, frame: Frame) -> None:
        """Connect.

        Args:
            url: that has been checked.
            frame: one as all the others will be.

        Raises:
            SinkError: the target cannot be had.
        """
        picture = frame.picture
        self._source = (picture.width, picture.height)
        self._size = (max(2, picture.width & ~1), max(2, picture.height & ~1))
        self._reformatter = VideoReformatter()
        self._began = frame.arrived_at
        self._last, self._keyed_at = -1, float("-inf")
        way = way_to(url)
        with _telling():
            self._container = av.open(
                url, "w", format=way.format, container_options=dict(way.options)
            )
        try:
            with _telling():
                self._stream: Any = self._container.add_stream(
                    "libx264", rate=NOMINAL_FPS, options=ENCODING
                )
                self._stream.width, self._stream.height = self._size
                self._stream.pix_fmt = FORMAT
                self._stream.codec_context.time_base = TICK
                self._stream.codec_context.gop_size = 10 * NOMINAL_FPS  # by time, below
                self._container.start_encoding()
        except SinkError:
            self.close()
            raise

    def fits(self, frame: Frame) -> bool:
        """Whether a frame has the size of the others."""
        return (frame.picture.width, frame.picture.height) == self._source

    def send(self, frame: Frame) -> bool:
        """Send a frame.

        Returns:
            False where it is not newer than the one before: it is left out.

        Raises:
            SinkError: the target is gone.
        """
        pts = round((frame.arrived_at - self._began) / TICK)
        if pts <= self._last:
            return False
        native = self._reformatter.reformat(
            decoded_of(frame), *self._size, FORMAT, interpolation=Interpolation.AREA
        )
        native.pts, native.time_base, self._last = pts, TICK, pts
        keyed = frame.arrived_at - self._keyed_at >= KEYFRAME_S
        native.pict_type = PictureType.I if keyed else PictureType.NONE
        if keyed:
            self._keyed_at = frame.arrived_at
        with _telling():
            self._container.mux(self._stream.encode(native))
        return True

    def close(self) -> None:
        """Say goodbye; a target that is gone does not hear it."""
        with suppress(*FAILURES):
            self._container.close()


@contextmanager
def _telling() -> Iterator[None]:
    """What FFmpeg says, in words without the address, which may hold a password."""
    try:
        yield
    except FAILURES as problem:
        raise SinkError(_reason(problem)) from None


def _reason(problem: Exception) -> str:
    if isinstance(problem, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "it refuses this user name and password"
    if isinstance(problem, ConnectionRefusedError):
        return "nobody answers there"
    if isinstance(problem, TimeoutError | av.error.ExitError | av.error.InvalidDataError):
        return "it does not answer"
    number = getattr(problem, "errno", None)
    if number in (errno.EPIPE, errno.ECONNRESET):
        return "it has closed the connection"
    return getattr(problem, "strerror", None) or type(problem).__name__
