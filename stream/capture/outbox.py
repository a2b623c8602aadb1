"""Words on their way to the parent, so that a parent that is late does not stop the reading."""

import threading
from collections import deque
from multiprocessing.connection import Connection

from stream.capture.messages import Word
from stream.source.arrival import CapturedPacket

MOST_PACKET_BYTES = 64 << 20
"""Of packets that wait: half a minute of what a capture card sends compressed."""


class Outbox:
    """Sends in a thread of its own, in order."""

    def __init__(self, connection: "Connection[Word, object]") -> None:
        self._connection = connection
        self._words: deque[Word] = deque()
        self._packet_bytes = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._send_all, name="outbox", daemon=True).start()

    def put(self, word: Word) -> None:
        """Send a word soon. A packet that would be too much is left out: its index is missing."""
        with self._changed:
            if isinstance(word, CapturedPacket):
                if self._packet_bytes + len(word.content) > MOST_PACKET_BYTES:
                    return
                self._packet_bytes += len(word.content)
            self._words.append(word)
            self._changed.notify()

    def _send_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._words)
                word = self._words.popleft()
                if isinstance(word, CapturedPacket):
                    self._packet_bytes -= len(word.content)
            try:
                self._connection.send(word)
            except OSError:
                return  # the parent hung up: who listens to it ends the process
