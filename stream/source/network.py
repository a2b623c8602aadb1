"""Live sources behind a URL: `rtsp://`, `udp://` with MPEG-TS, `http(s)://` and HLS."""

import errno
from functools import partial
from urllib.parse import urlsplit

import av
import av.container

from stream.errors import SourceError, UnusableSourceError
from stream.source.address import redacted
from stream.source.asked import Asked
from stream.source.incoming import Opened

ANALYSE_S = 0.5
"""What FFmpeg may take to find out what it gets; it keeps what it reads meanwhile."""

SOCKET_BYTES = 4 << 20
"""Asked of the system for what arrives while nobody reads; it may grant less."""

FIFO_PACKETS = 50_000
"""Of 188 bytes, behind the socket: seconds of video, read by a thread of FFmpeg's own."""

MICROSECONDS = 1_000_000

OPTIONS = {
    "udp": {
        "buffer_size": str(SOCKET_BYTES),
        "fifo_size": str(FIFO_PACKETS),
        "overrun_nonfatal": "1",
    },
    "rtp": {"buffer_size": str(SOCKET_BYTES)},
    "rtsp": {"rtsp_flags": "prefer_tcp", "buffer_size": str(SOCKET_BYTES)},
    "rtsps": {"rtsp_flags": "prefer_tcp"},
}
"""Beside what all have; what stands in the URL itself wins."""

PICTURE_BY_PICTURE = ("udp", "rtp", "rtsp", "rtsps", "tcp")
"""Where senders put one picture into each packet, and every millisecond counts."""


def open_network(address: str, asked: Asked) -> Opened:
    """Connect, and wait for something to arrive.

    Raises:
        UnusableSourceError: the address or the password is wrong.
        SourceError: nothing arrives, or nothing with video.
    """
    shown = redacted(address)
    if urlsplit(address).scheme not in PICTURE_BY_PICTURE:
        return Opened(_connect(address, asked, parse=True), shown)
    parsed = partial(_connect, address, asked, parse=True)
    return Opened(_connect(address, asked, parse=False), shown, parsed=parsed)


def _connect(address: str, asked: Asked, *, parse: bool) -> av.container.InputContainer:
    """Open a container; its packets are cut into pictures by FFmpeg, or come as they are."""
    shown = redacted(address)
    options = {
        "analyzeduration": str(int(ANALYSE_S * MICROSECONDS)),
        **OPTIONS.get(urlsplit(address).scheme, {}),
        **({} if parse else {"fflags": "noparse"}),
    }
    try:
        return av.open(
            address,
            options=options,
            timeout=(asked.open_s, asked.silent_s),
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError, ValueError) as problem:
        raise _refusal(shown, problem, asked) from problem


def _refusal(shown: str, problem: Exception, asked: Asked) -> SourceError:
    """What to say of a connection that was not made; FFmpeg's own words hold the address."""
    if isinstance(problem, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return UnusableSourceError(f"{shown}: refuses this user name and password")
    if isinstance(problem, av.error.ProtocolNotFoundError):
        return UnusableSourceError(
            f"{shown}: no such kind of address: rtsp://, udp://, http:// and https:// are known"
        )
    if isinstance(problem, av.error.ExitError | TimeoutError):
        return SourceError(f"{shown}: nothing arrived within {asked.open_s:g} s")
    if isinstance(problem, ConnectionRefusedError):
        return SourceError(f"{shown}: nobody answers there")
    if isinstance(problem, av.error.InvalidDataError):
        return SourceError(f"{shown}: sends nothing that is video")
    if getattr(problem, "errno", None) == errno.EADDRINUSE:
        return UnusableSourceError(f"{shown}: another program listens at this port: close it")
    said = getattr(problem, "strerror", None) or type(problem).__name__
    return SourceError(f"{shown}: cannot be opened: {said}")
