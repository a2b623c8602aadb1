"""What viewers see now: the latest picture of every room, encoded once, and the figures."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Shown:
    """One thing on the stage.

    Attributes:
        number: counts what was put on it.
        message: as viewers get it.
    """

    number: int = 0
    message: bytes = b""


@dataclass(slots=True)
class Stage:
    """Used in one event loop only.

    Attributes:
        on_wanted: told which rooms are looked at, and by how many, whenever that changes.
        rooms: how many there are.
    """

    rooms: int
    on_wanted: Callable[[frozenset[int], int], None]
    _pictures: dict[int, Shown] = field(default_factory=dict)
    _figures: Shown = field(default_factory=Shown)
    _count: int = 0
    _viewers: Counter[int] = field(default_factory=Counter)
    _audience: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put_picture(self, room: int, message: bytes) -> None:
        """A room has another picture."""
        if self._viewers[room]:  # one on its way when the last viewer left is of the past
            self._pictures[room] = self._next(message)

    def put_figures(self, message: bytes) -> None:
        """There are other figures."""
        if self._audience:
            self._figures = self._next(message)

    @contextmanager
    def watched(self, rooms: Iterable[int]) -> Iterator[None]:
        """Somebody looks at these rooms meanwhile."""
        rooms = frozenset(rooms)
        self._change(rooms, 1)
        try:
            yield
        finally:
            self._change(rooms, -1)

    async def news(self, rooms: Iterable[int], seen: int) -> tuple[bytes, int]:
        """What there is of these rooms that is newer, waiting for it if there is nothing.

        Args:
            rooms: that are looked at.
            seen: what was returned before; 0 at first.

        Returns:
            The messages, and what to ask with next time.
        """
        while True:
            things = [self._figures, *(self._pictures.get(room, Shown()) for room in rooms)]
            fresh = [thing for thing in things if thing.number > seen]
            if fresh:
                return b"".join(thing.message for thing in fresh), self._count
            await self._changed.wait()

    def _next(self, message: bytes) -> Shown:
        self._count += 1
        self._changed.set()  # wakes all who wait now
        self._changed = asyncio.Event()
        return Shown(self._count, message)

    def _change(self, rooms: frozenset[int], by: int) -> None:
        """So many more look at these rooms; who comes when nobody did is not shown the past."""
        self._audience += by
        for room in rooms:
            self._viewers[room] += by
            if not self._viewers[room]:
                self._pictures.pop(room, None)
        if not self._audience:
            self._figures = Shown()
        watched = frozenset(room for room, viewers in self._viewers.items() if viewers)
        self.on_wanted(watched, self._audience)
