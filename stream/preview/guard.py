"""Who may look: the host that a browser asks for, and the token."""

import hashlib
import hmac
import ipaddress
import secrets
import socket
from http.cookies import CookieError, SimpleCookie

COOKIE = "divergent-preview"
LOCAL_NAMES = ("localhost", "ip6-localhost")


class Guard:
    """Decides by what a request says of itself."""

    def __init__(self, address: str, token: str) -> None:
        """Know what is right.

        Args:
            address: that the server was asked to listen on.
            token: asked of every viewer; empty for none.
        """
        self._names = {*LOCAL_NAMES, address.lower(), socket.gethostname().lower()}
        self._token = token.encode()
        # Cookies go to every port of this machine: what is in it must not be the token.
        self.pass_ = hmac.new(self._token, COOKIE.encode(), hashlib.sha256).hexdigest()

    @property
    def asks(self) -> bool:
        """Whether viewers need the token."""
        return bool(self._token)

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this machine.

        A page elsewhere can have its own name lead here (DNS rebinding), but not a number.
        """
        name = _without_port(host).lower()
        return name in self._names or _is_number(name)

    def knows_token(self, token: str) -> bool:
        """Whether a token is the right one; takes as long for all of a length."""
        return self.asks and secrets.compare_digest(token.encode(), self._token)

    def knows_cookie(self, header: str) -> bool:
        """Whether a Cookie header holds what the right token was exchanged for."""
        try:
            morsel = SimpleCookie(header).get(COOKIE)
        except CookieError:
            return False
        given = morsel.value if morsel is not None else ""
        return self.asks and secrets.compare_digest(given.encode(), self.pass_.encode())


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
