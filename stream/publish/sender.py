"""Encodes a room's pictures for those who watch now, and sends them."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import Any

import av
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from nets.picture import Matrix
from stream.errors import SinkError
from stream.frame import TAG_OF_MATRIX, Frame, decoded_of
from stream.publish.camera import check_size
from stream.publish.link import link_to
from stream.publish.target import CAMERA
from stream.source.conversion import SWSCALE_MATRIX

TICK = Fraction(1, 90_000)
FORMAT = "yuv420p"
"""What every player shows."""

KEYFRAME_S = 1.0
"""Who comes sees a picture after so long, and so does who lost some."""

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
        self._source = (picture.width, picture.height, picture.colour)
        self._size = (max(2, picture.width & ~1), max(2, picture.height & ~1))
        self._reformatter = VideoReformatter()
        self._began = frame.arrived_at
        self._last, self._keyed_at = -1, float("-inf")
        self._link = link_to(url)
        way = self._link.way
        self._matrix = way.matrix or _shown_as(picture.colour.matrix)
        self._container: Any = None
        try:
            with _telling():
                self._container = av.open(
                    self._link.address,
                    "w",
                    format=way.format,
                    container_options={**way.options, **self._link.options},
                )
                self._stream: Any = self._container.add_stream(
                    way.codec, rate=NOMINAL_FPS, options=dict(way.encoding)
                )
                self._stream.width, self._stream.height = self._size
                self._stream.pix_fmt = FORMAT
                context = self._stream.codec_context
                context.time_base = TICK
                context.gop_size = 10 * NOMINAL_FPS  # by time, below
                context.colorspace = TAG_OF_MATRIX[self._matrix]
                context.color_range = ColorRange.MPEG
                self._container.start_encoding()
            if way is CAMERA:
                check_size(url, self._size)
        except SinkError as problem:
            self._link.settle()
            self.close()
            raise SinkError(self._link.problem or str(problem)) from None
        self._link.settle()

    def fits(self, frame: Frame) -> bool:
        """Whether a frame has the size and the colour of the others."""
        picture = frame.picture
        return (picture.width, picture.height, picture.colour) == self._source

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
        colour = frame.picture.colour
        native = self._reformatter.reformat(
            decoded_of(frame),
            *self._size,
            FORMAT,
            src_colorspace=SWSCALE_MATRIX[colour.matrix],
            dst_colorspace=SWSCALE_MATRIX[self._matrix],
            src_color_range=ColorRange.JPEG if colour.full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.AREA,
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
        self._link.close()  # or a server takes it for a breakdown
        with suppress(*FAILURES):
            if self._container is not None:
                self._container.close()


def _shown_as(matrix: Matrix) -> Matrix:
    """A matrix that every player knows."""
    return Matrix.BT709 if matrix is Matrix.BT2020 else matrix


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
    if number == errno.EBUSY:
        return "is in use by another program: close that one"
    if number in (errno.EPIPE, errno.ECONNRESET):
        return "it has closed the connection"
    return getattr(problem, "strerror", None) or type(problem).__name__
