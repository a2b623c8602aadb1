"""A preview with something in it."""

import asyncio
import threading
import time
from contextlib import contextmanager

import pytest

from stream.preview import Preview, listen
from stream.preview.guard import Guard
from stream.preview.server import Server, message
from stream.preview.stage import Stage
from stream.stats import LiveFigures, RoomFigures
from tests.stream.live.made import frame

PATIENCE_S = 60.0


class Shown:
    """A preview, and rooms that show grey pictures which grow lighter.

    Attributes:
        made: numbers of the pictures that were made for the preview, in order.
        warnings: what people were told.
        state, notice, told: of the rooms, and a warning of the run.
    """

    def __init__(self, rooms=1, token="", size=(320, 240), names=True):
        self.listening = listen(0, token=token)
        self.port = self.listening.port
        self.made, self.warnings = [], []
        self.state, self.notice, self.told = "LIVE", "", "careful"
        self.rooms, self._size = rooms, size
        self.preview = Preview(self.listening, rooms, names=names, warn=self.warnings.append)
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=target) for target in (self._show_pictures, self._tell)
        ]

    def __enter__(self):
        self.preview.start()
        for thread in self._threads:
            thread.start()
        self.wait(lambda: self.preview.figures.is_serving)
        return self

    def __exit__(self, *_):
        self.stop()
        self.preview.close()

    def stop(self):
        """Show nothing more, and tell nothing more."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def wait(self, happened):
        """Wait until something is so."""
        limit = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < limit
            time.sleep(0.01)

    def _show_pictures(self):
        number = 0
        while not self._closing.wait(0.01):
            for room in range(self.rooms):
                self.preview.offer(room, lambda room=room, number=number: self._make(room, number))
            number += 1

    def _make(self, room, number):
        self.made.append((room, number))
        made = frame(number, float(number), size=self._size)
        made.picture.planes[0][...] = 16 + number % 200
        return made

    def _tell(self):
        seconds = 0.0
        while not self._closing.wait(0.05):
            seconds += 1
            rooms = tuple(
                RoomFigures(
                    f"/dev/video{room}",
                    self.state,
                    display_fps=25.0,
                    mask_age_s=0.064,
                    notice=self.notice,
                    sightings=3,
                )
                for room in range(self.rooms)
            )
            self.preview.show(LiveFigures(seconds, "fixed:", 0.01, rooms, warnings=(self.told,)))


class Served:
    """The server in a thread of the test's own, with a stage that the test fills.

    Attributes:
        faults: of the server, which has none.
        wanted: which rooms were looked at, and by how many, at each change.
    """

    def __init__(self, rooms=1, token=""):
        self.faults, self.wanted = [], []
        self.guard = Guard("127.0.0.1", token)
        self._rooms, self._ready = rooms, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def put(self, content, room=0):
        """Put a picture on the stage."""
        part = message(b"P", room, content)
        self._loop.call_soon_threadsafe(self.stage.put_picture, room, part)

    async def _serve(self):
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda _, context: self.faults.append(context))
        self.stage = Stage(self._rooms, lambda *wanted: self.wanted.append(wanted))
        listening = listen(0)
        self.port = listening.port
        server = Server(self.guard, self.stage)
        async with await asyncio.start_server(server.meet, sock=listening.socket):
            self._ready.set()
            await self._over.wait()


@pytest.fixture
def served():
    """Makes servers: `with served(token="a secret") as server`."""

    @contextmanager
    def make(**how):
        with Served(**how) as made:
            yield made
            assert made.faults == []

    return make
