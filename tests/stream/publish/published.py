"""A publisher at work, and ports for those who receive."""

import socket
import threading
import time

from stream.publish import Publisher
from tests.stream.live.made import frame

PATIENCE_S = 120.0
SIZE = (320, 240)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Published:
    """A publisher, and pictures for it, fifty a second.

    Attributes:
        told, warnings: what people were told.
        slowest_s: the longest time that an offer took.
    """

    def __init__(self, url, *, layout="yuv420p", make=frame):
        self.told, self.warnings, self.slowest_s = [], [], 0.0
        self.size, self.layout = SIZE, layout
        self._make = make
        self.publisher = Publisher(url, tell=self.told.append, warn=self.warnings.append)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._show)

    def __enter__(self):
        self.publisher.start()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._thread.join()
        self.publisher.close()

    def wait(self, happened):
        limit = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < limit, (self.told, self.warnings, self.publisher.figures)
            time.sleep(0.02)

    @property
    def figures(self):
        return self.publisher.figures

    def _show(self):
        number = 0
        while not self._closing.wait(0.02):
            made = self._make(number, time.monotonic(), size=self.size, layout=self.layout)
            number += 1
            began = time.monotonic()
            self.publisher.offer(lambda made=made: made)
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
