"""One request of a connection, read within limits; whatever else comes is refused."""

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import h11

HEAD_BYTES = 8 << 10
HEAD_S = 5.0
"""A request has to be whole within so long."""

READ_BYTES = 4 << 10
MOST_PARAMETERS = 8


class RefusedError(Exception):
    """A request is answered with a status, and nothing else.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """What a viewer asks for.

    Attributes:
        path: as it was sent: nothing in it is decoded, as no path needs that.
        parameters: of the query.
        host: from the Host header.
        cookie: the Cookie header.
        head: only the head of the answer is wanted.
    """

    path: str
    parameters: dict[str, str]
    host: str
    cookie: str
    head: bool


async def read_request(reader: asyncio.StreamReader, connection: h11.Connection) -> Request:
    """The request of a connection.

    Raises:
        RefusedError: it is none, or too large, or not for reading.
        ConnectionError: the viewer left before it was whole.
        TimeoutError: it took too long.
    """
    taken = 0
    try:
        async with asyncio.timeout(HEAD_S):
            event = connection.next_event()
            while event is h11.NEED_DATA:
                some = await reader.read(READ_BYTES)
                taken += len(some)
                if taken > HEAD_BYTES:
                    raise RefusedError(431)
                connection.receive_data(some)
                event = connection.next_event()
    except h11.RemoteProtocolError as problem:
        raise RefusedError(problem.error_status_hint) from problem
    if not isinstance(event, h11.Request):
        raise ConnectionError("closed before it asked")
    return _understood(event)


def _understood(event: h11.Request) -> Request:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers]
    if event.method not in (b"GET", b"HEAD"):
        raise RefusedError(405)
    if any(
        name == "transfer-encoding" or (name, value) == ("upgrade", "h2c")
        for name, value in headers
    ):
        raise RefusedError(400)
    if any(name == "content-length" and value.strip("0") for name, value in headers):
        raise RefusedError(413)
    try:
        target = urlsplit(event.target.decode("ascii"))
        parameters = dict(parse_qsl(target.query, max_num_fields=MOST_PARAMETERS, errors="strict"))
    except ValueError as problem:
        raise RefusedError(400) from problem
    if target.scheme or target.netloc:
        raise RefusedError(400)
    given = dict(headers)
    return Request(
        target.path,
        parameters,
        given.get("host", ""),
        given.get("cookie", ""),
        event.method == b"HEAD",
    )
