"""The engine's process: it opens the engine, and answers until its parent hangs up."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeAlias

from nets.engine import Engine, open_engine
from nets.errors import DivergentError
from stream.inference.answer import InferenceSettings
from stream.inference.desk import Desk, facts_of
from stream.inference.messages import Answered, Faulted, Message, Ready, Refused, Request, Said
from stream.ring import RingReader

Opener: TypeAlias = Callable[[InferenceSettings, Callable[[str], None]], Engine]
"""Opens the engine that settings ask for; told of what takes long."""


def open_asked(settings: InferenceSettings, notify: Callable[[str], None]) -> Engine:
    """The engine that settings ask for."""
    return open_engine(
        settings.weights,
        device=settings.device,
        precision=settings.precision,
        mode=settings.mode,
        notify=notify,
    )


def serve(
    connection: "Connection[Message, Request]", settings: InferenceSettings, opener: Opener
) -> None:
    """Answer what comes through a pipe; the process's whole life."""
    try:
        engine = opener(settings, lambda line: connection.send(Said(line)))
    except DivergentError as problem:
        connection.send(Refused(problem))
        return
    try:
        connection.send(Ready(facts_of(engine, settings.pictures)))
        _answer_all(connection, Desk(engine, settings))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as fault:
        connection.send(Faulted(f"{type(fault).__name__}: {' '.join(str(fault).split())}"))


def _answer_all(connection: "Connection[Message, Request]", desk: Desk) -> None:
    reader: RingReader | None = None
    while True:
        request = connection.recv()
        if reader is None or reader.shape != request.ring:
            if reader is not None:
                reader.close()
            reader = RingReader(request.ring)
        frames = [(room, reader.take(slotted)) for room, slotted in request.frames]
        answered: Answered = desk.answer(frames)
        connection.send(answered)
