"""The process's end of an outlet."""

import threading
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from stream.frame import Frame
from stream.outlet.messages import Beat, Goodbye, Pictured, Wanted
from stream.ring import Rings

Arrival: TypeAlias = tuple[int, Frame]
"""A room's number and its frame."""


class OutletEnd:
    """Takes frames and words; to be iterated over by one thread, which so shows that it works."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        """Take hold of the pipe to the outlet."""
        self._connection = connection
        self._sending = threading.Lock()
        self._rings = Rings()

    def say(self, word: object) -> None:
        """Tell the outlet something; from any thread."""
        with self._sending:
            self._connection.send(word)

    def want(self, rooms: Iterable[int]) -> None:
        """Have frames of these rooms, and of no others, from now on."""
        self.say(Wanted(frozenset(rooms)))

    def __iter__(self) -> Iterator[Any]:
        """What arrives, until the outlet says goodbye: `Arrival`s and words.

        Raises:
            EOFError: it is gone.
        """
        try:
            while True:
                message = self._connection.recv()
                match message:
                    case Goodbye():
                        return
                    case Beat():
                        self.say(message)
                    case Pictured():
                        yield message.room, self._rings.take(message.ring, message.slotted)
                    case _:
                        yield message
        finally:
            self._rings.close()
