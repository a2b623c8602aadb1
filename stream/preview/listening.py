"""Where the preview listens: on loopback, and elsewhere only behind a token."""

import errno
import ipaddress
import socket
from dataclasses import dataclass

from stream.errors import SettingsError, SinkError

DEFAULT_PORT = 8808
LOOPBACK = "127.0.0.1"

SHORTEST_TOKEN = 8

WAITING_CONNECTIONS = 32

SENT_BYTES = 128 << 10
"""What the system keeps for a viewer that is slow: more would be pictures of long ago."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that listens. Goes to a process that starts.

    Attributes:
        socket: of this process; stays open while servers come and go.
        address: as it was asked for.
        port: that it got.
        token: asked of every viewer; empty for none.
    """

    socket: socket.socket
    address: str
    port: int
    token: str

    @property
    def page(self) -> str:
        """Where the page is, without the token."""
        host = self.address
        if ipaddress.ip_address(self.socket.getsockname()[0]).is_unspecified:
            host = socket.gethostname()
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def listen(port: int, address: str = LOOPBACK, token: str = "") -> Listening:
    """Listen for viewers.

    Args:
        port: 0 for any.
        address: of this machine; 0.0.0.0 or :: for all.
        token: asked of every viewer; empty for none.

    Raises:
        SettingsError: no token, or a short one, for an address that is not loopback.
        SinkError: the address or the port cannot be had.
    """
    if token and len(token) < SHORTEST_TOKEN:
        raise SettingsError(f"preview_token: has fewer than {SHORTEST_TOKEN} characters")
    where = f"preview on {address}:{port}"
    try:
        family, kind, protocol, _, bound = socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as problem:
        raise SinkError(f"{where}: no such address") from problem
    if not token and not ipaddress.ip_address(str(bound[0])).is_loopback:
        raise SettingsError(
            f"{where}: others could look: give --preview-token, which viewers are asked for"
        )
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_BYTES)
        listening.bind(bound)
        listening.listen(WAITING_CONNECTIONS)
    except OSError as problem:
        listening.close()
        raise SinkError(f"{where}: {_refusal(problem)}") from problem
    return Listening(listening, address, int(listening.getsockname()[1]), token)


def _refusal(problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return "another program has this port: choose another one, --preview PORT"
    if problem.errno == errno.EACCES:
        return "ports below 1024 are the system's: choose a larger one, --preview PORT"
    if problem.errno == errno.EADDRNOTAVAIL:
        return "the address is none of this machine's"
    return problem.strerror or str(problem)
