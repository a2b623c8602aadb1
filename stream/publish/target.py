"""Where a picture may be published to."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from stream.errors import SettingsError
from stream.source.address import redacted

ANSWERS_S = 5
"""A server has to answer within so long."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a kind of address is written to.

    Attributes:
        format: FFmpeg's name of it.
        options: of the format and the connection.
    """

    format: str
    options: Mapping[str, str]


RTSP = Way("rtsp", {"rtsp_transport": "tcp", "timeout": str(ANSWERS_S * 1_000_000)})
"""To a server, by its own connection: that passes where a server is reached at all."""

WAYS = {
    "rtsp": RTSP,
    "rtsps": RTSP,
    # Seven packets of 188 bytes fit into what a network carries at a time.
    "udp": Way("mpegts", {"pkt_size": "1316", "flush_packets": "1"}),
}


def check_target(url: str) -> None:
    """Refuse an address at once that nothing can be published to.

    Raises:
        SettingsError: it is of no known kind, or names no port where it needs one.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise SettingsError(f"{redacted(url)}: its port is no number up to 65535") from None
    if parts.scheme not in WAYS or not parts.hostname:
        raise SettingsError(
            f"{redacted(url)}: cannot be published to: rtsp://SERVER/PATH, rtsps:// or "
            "udp://ADDRESS:PORT"
        )
    if parts.scheme == "udp" and port is None:
        raise SettingsError(f"{redacted(url)}: names no port: udp://ADDRESS:PORT")


def way_to(url: str) -> Way:
    """How an address that has been checked is written to."""
    return WAYS[urlsplit(url).scheme]
