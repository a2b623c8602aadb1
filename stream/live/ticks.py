"""Gives the engine frames as soon as it is free: the newest of every room, or one room's batch."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from stream.frame import Frame
from stream.inference import InferenceProcess
from stream.live.room import Room
from stream.live.sync import SyncRoom

Batch: TypeAlias = list[tuple[str, Frame]]

Gatherer: TypeAlias = Callable[[float], tuple[Batch, float | None]]
"""Takes the monotonic time, and gives what goes to the engine now, and when to ask again even if
nobody wakes it."""


class Ticks:
    """A thread that waits for the engine and for frames, and brings them together.

    Attributes:
        problem: what ended the thread, if something did.
    """

    def __init__(self, gather: Gatherer, inference: InferenceProcess) -> None:
        """Prepare; nothing is started yet."""
        self.problem: BaseException | None = None
        self._gather, self._inference = gather, inference
        self._woken = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="ticks", daemon=True)

    def start(self) -> None:
        """Start."""
        self._thread.start()

    def wake(self) -> None:
        """There is a new frame, or the engine is free."""
        self._woken.set()

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        try:
            again_at: float | None = None
            while not self._closing:
                self._woken.wait(None if again_at is None else max(0.0, again_at - _now()))
                self._woken.clear()
                again_at = None
                if self._inference.free and not self._closing:
                    batch, again_at = self._gather(_now())
                    self._inference.submit(batch)
        except BaseException as problem:
            self.problem = problem


def gatherer(rooms: Sequence[Room | SyncRoom]) -> Gatherer:
    """What fits the rooms, which are all of one kind."""
    in_sync = [room for room in rooms if isinstance(room, SyncRoom)]
    if in_sync:
        return batch_of_one(in_sync)
    return newest_of_all([room for room in rooms if isinstance(room, Room)])


def newest_of_all(rooms: Sequence[Room]) -> Gatherer:
    """Gathers the newest frame of every room that has a new one."""

    def gather(now: float) -> tuple[Batch, float | None]:
        asked = [(room.name, room.ask()) for room in rooms]
        return [(name, frame) for name, frame in asked if frame is not None], None

    return gather


def batch_of_one(rooms: Sequence[SyncRoom]) -> Gatherer:
    """Gathers what waits in one room: the one whose batch has been due for longest."""

    def gather(now: float) -> tuple[Batch, float | None]:
        for room in rooms:
            room.resume()
        asked = [(room.due_at(), number) for number, room in enumerate(rooms)]
        due = [(at, number) for at, number in asked if at is not None]
        if not due:
            return [], None
        at, number = min(due)
        if at > now:
            return [], at
        room = rooms[number]
        return [(room.name, frame) for frame in room.ask()], None

    return gather


def _now() -> float:
    return time.monotonic()
