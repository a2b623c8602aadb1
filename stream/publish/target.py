"""Where a picture may be published to."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from nets.extras import require
from nets.picture import Matrix
from stream.errors import SettingsError
from stream.source.address import redacted

ANSWERS_S = 5
"""A server has to answer within so long."""

DEVICES = "/dev/"

H264 = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "crf": "23",
    "maxrate": "12M",
    "bufsize": "6M",
    "forced-idr": "1",
}

KINDS = (
    "rtsp://SERVER/PATH, rtsps://, udp://ADDRESS:PORT, https://SERVER/PATH (WHIP), "
    "/dev/videoN (a virtual camera)"
)


@dataclass(frozen=True, slots=True)
class Way:
    """How a kind of address is written to.

    Attributes:
        format: FFmpeg's name of it.
        options: of the format and the connection.
        codec: FFmpeg's encoder.
        encoding: its options.
        matrix: that whoever sees it takes samples to be of; None: what their tags say.
    """

    format: str
    options: Mapping[str, str]
    codec: str
    encoding: Mapping[str, str]
    matrix: Matrix | None = None


RTSP = Way(
    "rtsp", {"rtsp_transport": "tcp", "timeout": str(ANSWERS_S * 1_000_000)}, "libx264", H264
)
"""To a server, by its own connection: that passes where a server is reached at all."""

WHIP = Way(
    "whip",
    {"strict": "experimental"},  # as FFmpeg calls it
    "libx264",
    {**H264, "profile": "baseline"},  # what every browser takes
)

CAMERA = Way("v4l2", {}, "rawvideo", {}, Matrix.BT601)  # as cameras do

WAYS = {
    "rtsp": RTSP,
    "rtsps": RTSP,
    # Seven packets of 188 bytes fit into what a network carries at a time.
    "udp": Way("mpegts", {"pkt_size": "1316", "flush_packets": "1"}, "libx264", H264),
    "http": WHIP,
    "https": WHIP,
}


def check_target(url: str) -> None:
    """Refuse an address at once that nothing can be published to.

    Raises:
        SettingsError: it is of no known kind, names no port where it needs one, or would tell
            its token to everyone on the way.
    """
    if url.startswith(DEVICES) and sys.platform == "linux":
        return
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise SettingsError(f"{redacted(url)}: its port is no number up to 65535") from None
    if parts.scheme not in WAYS or not parts.hostname:
        raise SettingsError(f"{redacted(url)}: cannot be published to: {KINDS}")
    if parts.scheme == "udp" and port is None:
        raise SettingsError(f"{redacted(url)}: names no port: udp://ADDRESS:PORT")
    if parts.scheme == "http" and "@" in parts.netloc and not _is_here(parts.hostname):
        raise SettingsError(
            f"{redacted(url)}: would tell its token to everyone on the way: https://, or http:// "
            "on this machine alone"
        )


def check_libraries(urls: Iterable[str]) -> None:
    """Refuse targets whose libraries are not installed.

    Raises:
        MissingExtraError: one is not.
    """
    if any(way_to(url) is WHIP for url in urls):
        require("cryptography", "whip", "publishing to https:// (WHIP)")


def way_to(url: str) -> Way:
    """How an address that has been checked is written to."""
    return CAMERA if url.startswith(DEVICES) else WAYS[urlsplit(url).scheme]


def _is_here(host: str) -> bool:
    """Whether a host is this machine, by its name or number alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
