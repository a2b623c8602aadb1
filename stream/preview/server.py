"""The preview's server: few connections, one request each, and nobody waits for a viewer."""

import asyncio
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

import h11

from stream.preview.files import FILES, PAGE, PUBLIC, TOKEN_PAGE, File
from stream.preview.guard import COOKIE, Guard
from stream.preview.requests import RefusedError, Request, read_request
from stream.preview.stage import Stage

MOST_CONNECTIONS = 64
MOST_OF_ONE_ADDRESS = 24

SLOW_S = 10.0
"""A viewer that takes nothing for so long is left."""

CLOSE_S = 1.0
"""What a viewer may take to hear the end of an answer."""

BUFFERED_BYTES = 64 << 10
"""Kept here for a viewer that is slow; the newest picture follows when it has taken that."""

WRONG_TOKEN_S = 1.0
"""Before a wrong token is answered: guessing takes longer than anyone has."""

STREAM = "/stream"

HEADERS = (
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)

REASONS = {
    200: "OK",
    303: "See Other",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    421: "Misdirected Request",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    503: "Service Unavailable",
}

Headers: TypeAlias = list[tuple[str, str]]
Answer: TypeAlias = "Callable[[_Conversation], Awaitable[None]]"


def message(kind: bytes, room: int, content: bytes) -> bytes:
    """A part of the stream: kind, room and length, then the content.

    Args:
        kind: one byte: `P` for a picture in JPEG, `F` for figures in JSON.
        room: whose picture it is.
        content: as many bytes as it says.
    """
    return struct.pack(">cBI", kind, room, len(content)) + content


class Server:
    """Answers viewers."""

    def __init__(self, guard: Guard, stage: Stage) -> None:
        """Be ready.

        Args:
            guard: says who may look.
            stage: has what there is to see.
        """
        self._guard, self._stage = guard, stage
        self._connected: Counter[str] = Counter()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection's whole life."""
        address = str((writer.get_extra_info("peername") or ("",))[0])
        full = self._connected.total() >= MOST_CONNECTIONS
        crowded = self._connected[address] >= MOST_OF_ONE_ADDRESS
        self._connected[address] += 1
        writer.transport.set_write_buffer_limits(high=BUFFERED_BYTES)
        try:
            with suppress(ConnectionError, TimeoutError, h11.LocalProtocolError):
                await _Conversation(reader, writer).hold(
                    self._refuse if full or crowded else self._answer
                )
        finally:
            writer.close()
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await writer.wait_closed()
            writer.transport.abort()
            self._connected[address] -= 1
            if not self._connected[address]:
                del self._connected[address]

    async def _refuse(self, conversation: "_Conversation") -> None:
        await conversation.say_status(503)

    async def _answer(self, conversation: "_Conversation") -> None:
        request = await conversation.listen()
        if not self._guard.knows_host(request.host):
            await conversation.say_status(421)
        elif self._guard.asks and "token" in request.parameters:
            await self._exchange(request, conversation)
        elif not self._may_see(request):
            await conversation.say_file(TOKEN_PAGE, 401)
        elif request.path == STREAM:
            await self._show(request, conversation)
        elif request.path in FILES:
            await conversation.say_file(FILES[request.path])
        else:
            await conversation.say_status(404)

    def _may_see(self, request: Request) -> bool:
        guard = self._guard
        return not guard.asks or request.path in PUBLIC or guard.knows_cookie(request.cookie)

    async def _exchange(self, request: Request, conversation: "_Conversation") -> None:
        """A cookie for the right token, so that it does not stay in the address."""
        if not self._guard.knows_token(request.parameters["token"]):
            await asyncio.sleep(WRONG_TOKEN_S)
            await conversation.say_file(TOKEN_PAGE, 401)
            return
        cookie = f"{COOKIE}={self._guard.pass_}; Path=/; HttpOnly; SameSite=Lax"
        await conversation.say_status(303, [("Location", PAGE), ("Set-Cookie", cookie)])

    async def _show(self, request: Request, conversation: "_Conversation") -> None:
        """Send what is on the stage until the viewer leaves."""
        rooms = range(self._stage.rooms)
        chosen = request.parameters.get("room")
        if chosen is not None:
            if chosen not in map(str, rooms):
                await conversation.say_status(404)
                return
            rooms = range(int(chosen), int(chosen) + 1)
        await conversation.begin(200, [("Content-Type", "application/octet-stream")])
        if not request.head:
            with self._stage.watched(rooms):
                await conversation.go_on(self._stage, rooms)


class _Conversation:
    """One viewer's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = h11.Connection(h11.SERVER)
        self._head = False

    async def hold(self, answer: Answer) -> None:
        """Hear a request and answer it; what is none is answered with its status."""
        try:
            await answer(self)
        except RefusedError as refused:
            await self.say_status(refused.status)

    async def listen(self) -> Request:
        """The request."""
        request = await read_request(self._reader, self._protocol)
        self._head = request.head
        return request

    async def say_status(self, status: int, headers: Headers | None = None) -> None:
        """Answer with a status and its name."""
        content = f"{status} {REASONS.get(status, 'Error')}\n".encode()
        await self.say_file(File(content, "text/plain; charset=utf-8"), status, headers)

    async def say_file(self, file: File, status: int = 200, headers: Headers | None = None) -> None:
        """Answer with a file."""
        about = [("Content-Type", file.kind), ("Content-Length", str(len(file.content)))]
        await self.begin(status, [*(headers or []), *about])
        if not self._head:
            await self._send(h11.Data(file.content))
        await self._send(h11.EndOfMessage())

    async def begin(self, status: int, headers: Headers) -> None:
        """Answer with a head."""
        reason = REASONS.get(status, "Error").encode()
        await self._send(
            h11.Response(status_code=status, headers=[*HEADERS, *headers], reason=reason)
        )

    async def go_on(self, stage: Stage, rooms: range) -> None:
        """Send what there is to see as it comes, the newest only, until the viewer leaves."""
        gone = asyncio.ensure_future(self._reader.read(1))
        news: asyncio.Future[tuple[bytes, int]] | None = None
        seen = 0
        try:
            while True:
                news = asyncio.ensure_future(stage.news(rooms, seen))
                await asyncio.wait({news, gone}, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    return
                content, seen = news.result()
                await self._send(h11.Data(content))
        finally:
            for waiting in (gone, news):
                if waiting is not None:
                    waiting.cancel()

    async def _send(self, event: h11.Event) -> None:
        self._writer.write(self._protocol.send(event) or b"")
        async with asyncio.timeout(SLOW_S):
            await self._writer.drain()
