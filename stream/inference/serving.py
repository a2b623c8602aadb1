"""The engine's process: it opens the engine, and answers until its parent hangs up."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeAlias

from nets.engine import Engine, open_engine
from nets.errors import DivergentError
from stream.child import Said, telling_faults
from stream.inference.answer import InferenceSettings
from stream.inference.desk import Desk, facts_of
from stream.inference.messages import Answered, Message, Ready, Refused, Request
from stream.ring import Rings

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
    with telling_faults(connection.send):
        connection.send(Ready(facts_of(engine, settings.pictures)))
        _answer_all(connection, Desk(engine, settings))


def _answer_all(connection: "Connection[Message, Request]", desk: Desk) -> None:
    rings = Rings()
    while True:
        request = connection.recv()
        frames = [(room, rings.take(request.ring, slotted)) for room, slotted in request.frames]
        answered: Answered = desk.answer(frames)
        connection.send(answered)
