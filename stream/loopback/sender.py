"""A live sender: stream-copies recordings, paced by the clock, as MPEG-TS over UDP.

    python -m stream.loopback.sender FILE... udp://127.0.0.1:PORT [--loss 0.05] [--once]

It may be killed and started again at any time; times begin anew then, as a real sender's do.
Prints "sending" once the first picture is out.
"""

import argparse
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from fractions import Fraction
from itertools import cycle
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

import av
from av.packet import Packet

from stream.child import Child

CELL_BYTES = 188
"""Of MPEG-TS."""

DATAGRAM_BYTES = 7 * CELL_BYTES
"""As everybody sends it: the most whole cells that fit into an Ethernet frame."""

MUXER = {"pat_period": "0.2", "omit_video_pes_length": "0", "flush_packets": "1"}
"""Tables often, for whoever comes late; lengths where they fit, so that a receiver knows a
picture's end without waiting for the next."""


class Datagrams:
    """A file to a muxer; what is written leaves in datagrams, some of which get lost."""

    def __init__(self, url: str, loss: float = 0.0, seed: int = 0) -> None:
        """Send to `udp://host:port`, losing this share of datagrams, chosen by the seed."""
        where = urlsplit(url)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._target = (where.hostname, where.port)
        self._loss, self._chance = loss, random.Random(seed)  # noqa: S311 - no secret
        self._waiting = b""

    def write(self, content: bytes) -> int:
        """Send what fills datagrams; the rest waits."""
        self._waiting += content
        while len(self._waiting) >= DATAGRAM_BYTES:
            self._send(DATAGRAM_BYTES)
        return len(content)

    def flush(self) -> None:
        """Send what is left of a picture, so that it does not wait for the next."""
        whole = len(self._waiting) // CELL_BYTES * CELL_BYTES
        if whole:
            self._send(whole)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def _send(self, size: int) -> None:
        datagram, self._waiting = self._waiting[:size], self._waiting[size:]
        if self._chance.random() >= self._loss:
            with suppress(ConnectionRefusedError):  # nobody listens yet
                self._socket.sendto(datagram, self._target)


def packets_of(paths: Sequence[str], *, once: bool) -> "Iterator[tuple[Fraction, Packet[Any]]]":
    """Packets of recordings' video with the second at which each is due, again and again."""
    began_at = Fraction(0)
    for path in paths if once else cycle(paths):
        with av.open(path) as container:
            stream = container.streams.video[0]
            base, length = stream.time_base, 1 / (stream.average_rate or Fraction(25))
            assert base is not None  # of MPEG-TS
            first, offset = None, round(began_at / base)
            for packet in container.demux(stream):
                if packet.dts is None or packet.pts is None:
                    continue
                first = packet.dts if first is None else first
                packet.pts += offset - first
                packet.dts += offset - first
                began_at = packet.dts * base + length
                yield packet.dts * base, packet


def send(
    paths: Sequence[str],
    url: str,
    *,
    loss: float = 0.0,
    seed: int = 0,
    once: bool = False,
    on_sent: Callable[[float], None] = lambda at: None,
) -> None:
    """Send recordings one after another at their own pace; all of one codec, kept as `.ts`.

    Args:
        paths: of the recordings; after the last the first one comes again.
        url: `udp://host:port`.
        loss: share of datagrams that get lost.
        seed: chooses which.
        once: end after the last recording.
        on_sent: told when the whole of a picture is out, in monotonic seconds.
    """
    with (
        closing(Datagrams(url, loss, seed)) as datagrams,
        av.open(paths[0]) as template,
        av.open(datagrams, "w", format="mpegts", options=MUXER) as out,
    ):
        stream = out.add_stream_from_template(template.streams.video[0])
        began = time.monotonic()
        for due, packet in packets_of(paths, once=once):
            time.sleep(max(0.0, began + float(due) - time.monotonic()))
            packet.stream = stream
            out.mux(packet)
            datagrams.flush()
            on_sent(time.monotonic())


class Sender:
    """A sender in a process of its own; a context manager that ends it."""

    def __init__(self, path: str, url: str) -> None:
        """Start sending a recording, again and again."""
        self._child = Child(_serve, path, url, name="sender")

    def times(self) -> list[float]:
        """When each picture was sent until now, in monotonic seconds."""
        self._child.connection.send(None)
        times: list[float] = self._child.connection.recv()
        return times

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._child.process.pid or 0

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._child.end()


def _serve(connection: "Connection[list[float], None]", path: str, url: str) -> None:
    """The sender's process: it sends until its parent hangs up."""
    times: list[float] = []

    def send_all() -> None:
        send([path], url, on_sent=times.append)

    threading.Thread(target=send_all, name="sender", daemon=True).start()
    while True:
        connection.recv()
        connection.send(times.copy())


def free_url() -> str:
    """An address on loopback at which nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"udp://127.0.0.1:{probe.getsockname()[1]}"


def main() -> None:
    """Send what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="+", metavar="FILE")
    parser.add_argument("url")
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--once", action="store_true")
    asked = parser.parse_args()
    said = threading.Event()

    def tell(at: float) -> None:
        if not said.is_set():
            said.set()
            print("sending", flush=True)

    send(asked.paths, asked.url, loss=asked.loss, seed=asked.seed, once=asked.once, on_sent=tell)


if __name__ == "__main__":
    main()
