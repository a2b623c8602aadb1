"""The HTTP half of WHIP (RFC 9725): an offer out, an answer back, a session ended.

FFmpeg's muxer would do this itself, but it hands its token to a server whose certificate it has
not looked at, and waits without end for one that says nothing. So it is given an address on this
machine, behind which this module, as a program of its own, makes one exchange for it: a process,
because PyAV lets no other thread run while FFmpeg connects.
"""

import json
import secrets
import socket
import ssl
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

ANSWERS_S = 5.0
"""A server has to answer within so long, elsewhere too if it sends us there."""

GOODBYE_S = 0.5
LOOPBACK = "127.0.0.1"
MOST_BYTES = 1 << 16
"""Of an offer, and of an answer."""

ONWARD = (307, 308)
MOST_HOPS = 5


class ExchangeError(Exception):
    """Why there is no session, in words without the address."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that a server has opened.

    Attributes:
        answer: its SDP.
        resource: the address at which the session is ended; None where the server names none.
        authorization: to end it with.
    """

    answer: str
    resource: str | None
    authorization: str | None


class _Stay(HTTPRedirectHandler):
    """Follows nothing by itself: urllib would hand the token on, and make a GET of it."""

    def redirect_request(self, *_: Any) -> None:
        """Nothing."""


def begin(endpoint: str, authorization: str | None, offer: bytes) -> Session:
    """Offer a stream to a server.

    Args:
        endpoint: its address, without credentials.
        authorization: the header of that name; kept from other servers that it sends us to.
        offer: SDP.

    Raises:
        ExchangeError: it takes none.
    """
    until = time.monotonic() + ANSWERS_S
    for _ in range(MOST_HOPS):
        status, headers, content = _asked("POST", endpoint, authorization, offer, until)
        if status not in ONWARD:
            break
        onward = urljoin(endpoint, headers.get("Location", ""))
        before, after = urlsplit(endpoint), urlsplit(onward)
        if after.scheme not in ("https", before.scheme):
            raise ExchangeError("it sends us to an address that is not encrypted")
        if (after.scheme, after.netloc) != (before.scheme, before.netloc):
            authorization = None
        endpoint = onward
    if status not in (200, 201):
        raise ExchangeError(_refusal(status, authorization))
    answer = content.decode(errors="replace")
    if not answer.startswith("v="):
        raise ExchangeError("what it answers is no session (SDP): is this its WHIP address?")
    place = headers.get("Location")
    resource = urljoin(endpoint, place) if place else None
    if resource and urlsplit(resource).netloc != urlsplit(endpoint).netloc:
        authorization = None
    return Session(nearest_first(answer, _numbers_of(endpoint)), resource, authorization)


def end(resource: str, authorization: str | None) -> None:
    """End a session; a server that is gone does not hear it."""
    with suppress(ExchangeError):
        _asked("DELETE", resource, authorization, None, time.monotonic() + GOODBYE_S)


def nearest_first(answer: str, numbers: set[str]) -> str:
    """An answer in which addresses come first that the server was reached at.

    FFmpeg tries the first one only, and a server names all that its machine has.
    """
    lines = answer.splitlines()
    places = [at for at, line in enumerate(lines) if line.startswith("a=candidate:")]
    candidates = [lines[at] for at in places]
    candidates.sort(key=lambda line: not numbers.intersection(line.split()[4:5]))
    for at, line in zip(places, candidates, strict=True):
        lines[at] = line
    return "".join(f"{line}\r\n" for line in lines)


def _asked(
    method: str, address: str, authorization: str | None, content: bytes | None, until: float
) -> tuple[int, Any, bytes]:
    """What a server answers: status, headers, content.

    Raises:
        ExchangeError: it does not.
    """
    headers = {"Content-Type": "application/sdp", "User-Agent": "divergentnets"}
    if authorization is not None:
        headers["Authorization"] = authorization
    request = Request(address, content, headers, method=method)  # noqa: S310 - http or https, checked
    left_s = max(0.1, until - time.monotonic())
    try:
        with build_opener(_Stay).open(request, timeout=left_s) as reply:
            return reply.status, reply.headers, reply.read(MOST_BYTES)
    except HTTPError as refused:
        with refused:
            return refused.code, refused.headers, b""
    except (OSError, ValueError) as problem:  # ValueError: an address that makes no sense
        inner = problem.reason if isinstance(problem, URLError) else problem
        raise ExchangeError(_failure(inner)) from None


def _failure(problem: object) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({problem.verify_message})"
    if isinstance(problem, ssl.SSLError):
        return "it does not speak HTTPS"
    if isinstance(problem, ConnectionRefusedError):
        return "nobody answers there"
    if isinstance(problem, socket.gaierror):
        return "no machine has this name"
    if isinstance(problem, TimeoutError):
        return "it does not answer"
    return getattr(problem, "strerror", None) or "what it answers is no HTTP"


def _refusal(status: int, authorization: str | None) -> str:
    if status in (401, 403):
        if authorization is None:
            return "it asks for a token: https://TOKEN@SERVER/PATH"
        basic = authorization.startswith("Basic ")
        return f"it refuses this {'user name and password' if basic else 'token'}"
    if status in (404, 405, 410):
        return f"it takes no stream at this address (status {status})"
    return f"it refuses (status {status})"


def _numbers_of(endpoint: str) -> set[str]:
    """The addresses of its server."""
    try:
        found = socket.getaddrinfo(urlsplit(endpoint).hostname, None)
    except OSError:
        return set()
    return {str(address[0]) for *_, address in found}


class _Relay(BaseHTTPRequestHandler):
    """Takes FFmpeg's offer on, and the answer back."""

    server: "_Once"

    def do_POST(self) -> None:
        """One exchange; whoever else on this machine asks does not know the path."""
        if not secrets.compare_digest(self.path, self.server.path):
            self.send_error(404)
            return
        offer = self.rfile.read(min(MOST_BYTES, int(self.headers.get("Content-Length", 0))))
        try:
            session = begin(self.server.endpoint, self.server.authorization, offer)
        except ExchangeError as problem:
            self.server.outcome = {"problem": str(problem)}
            self.send_error(502)
            return
        self.server.outcome = {
            "resource": session.resource,
            "authorization": session.authorization,
        }
        answer = session.answer.encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/sdp")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Once(HTTPServer):
    """Listens on this machine until an exchange has been made, or nobody asks for one."""

    def __init__(self, endpoint: str, authorization: str | None) -> None:
        super().__init__((LOOPBACK, 0), _Relay)
        self.timeout = ANSWERS_S
        self.endpoint, self.authorization = endpoint, authorization
        self.path = f"/{secrets.token_urlsafe()}"
        self.outcome: dict[str, str | None] | None = None


def main(asked: IO[str], told: IO[str]) -> None:
    """The program: reads an endpoint, tells an address for FFmpeg, and what came of it."""
    with _Once(**json.loads(asked.readline())) as server:
        print(f"http://{LOOPBACK}:{server.server_port}{server.path}", file=told, flush=True)
        until = time.monotonic() + ANSWERS_S
        while server.outcome is None and time.monotonic() < until:
            server.handle_request()
    print(json.dumps(server.outcome or {}), file=told, flush=True)


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
