"""The preview's process: encodes each picture once, and serves whoever looks."""

import asyncio
import os
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import cv2

from stream.outlet import OutletEnd
from stream.preview.guard import Guard
from stream.preview.listening import Listening
from stream.preview.pictures import jpeg_of
from stream.preview.server import Server, message
from stream.preview.stage import Stage

NICENESS = 5
"""Capture, engine and recorder come first where there is too little processor for all."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to say of the run, as JSON."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Audience:
    """How many look now."""

    viewers: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something went wrong with one viewer; the others did not notice."""

    line: str


def serve(connection: "Connection[Any, Any]", listening: Listening, rooms: int) -> None:
    """The process's whole life.

    Args:
        connection: to the outlet.
        listening: where viewers come.
        rooms: how many there are.
    """
    os.nice(NICENESS)
    cv2.setNumThreads(1)
    asyncio.run(_serve(OutletEnd(connection), listening, rooms))


async def _serve(end: OutletEnd, listening: Listening, rooms: int) -> None:
    def wanted(by_viewers: frozenset[int], viewers: int) -> None:
        end.want(by_viewers)
        end.say(Audience(viewers))

    def failed(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        fault = context.get("exception")
        end.say(Fault(f"{type(fault).__name__}: {fault}" if fault else str(context["message"])))

    asyncio.get_running_loop().set_exception_handler(failed)
    stage = Stage(rooms, wanted)
    server = Server(Guard(listening.address, listening.token), stage)
    async with await asyncio.start_server(server.meet, sock=listening.socket):
        await asyncio.to_thread(_take_all, end, stage, asyncio.get_running_loop())
        os._exit(0)  # viewers are not asked to leave: what they hold is closed with this


def _take_all(end: OutletEnd, stage: Stage, loop: asyncio.AbstractEventLoop) -> None:
    """Put what arrives on the stage; waits for it, and so tells if the stage hangs."""

    async def put(arrival: Any) -> None:
        match arrival:
            case Figures(content):
                stage.put_figures(message(b"F", 0, content))
            case int(room), bytes(picture):
                stage.put_picture(room, message(b"P", room, picture))

    for arrival in end:
        match arrival:
            case int(room), frame:
                ready: Any = (room, jpeg_of(frame.picture))
            case _:
                ready = arrival
        asyncio.run_coroutine_threadsafe(put(ready), loop).result()
