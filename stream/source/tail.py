"""The latest packets of a recording, kept until their pictures have come out.

A decoder with several threads that meets damage among the last packets gives up those behind it.
They are decoded again by one thread, which loses none.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

KEPT = 64
"""Packets that may be inside a decoder: more than its threads and its order hold."""

MOST_BYTES = 256 * 2**20
"""Of packets that are kept; where a keyframe does not come before, none are."""


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """Goes along with a packet to its picture. One for each: PyAV knows them by their address."""

    number: int


class Tail:
    """Numbers packets, and knows which of the latest have not become pictures."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._packets: deque[tuple[int, Packet[Any]]] = deque()
        self._keyframes: deque[int] = deque()
        self._unshown: set[int] = set()
        self._count = self._bytes = 0
        self._is_numbered = True

    def put(self, packet: "Packet[Any]") -> None:
        """Keep a packet that is about to be decoded."""
        number, self._count = self._count, self._count + 1
        packet.opaque = Ticket(number)
        if packet.is_keyframe:
            self._keyframes.append(number)
        if not self._keyframes:
            return
        self._packets.append((number, packet))
        self._unshown.add(number)
        self._bytes += packet.size
        if len(self._keyframes) > 1 and number - self._keyframes[1] > KEPT:
            self._keyframes.popleft()
            self._forget_until(self._keyframes[0])
        if self._bytes > MOST_BYTES:
            self._keyframes.clear()
            self._forget_until(self._count)

    def shown(self, picture: av.VideoFrame) -> None:
        """A picture has come out."""
        number = _number(picture)
        self._is_numbered = self._is_numbered and number is not None
        self._unshown.discard(-1 if number is None else number)

    @property
    def lost(self) -> set[int]:
        """Numbers of the latest packets that have not become pictures; none if nobody knows."""
        if not self._is_numbered:
            return set()
        return {number for number in self._unshown if self._count - number <= KEPT}

    def again(self, decoder: VideoCodecContext) -> Iterator[av.VideoFrame]:
        """Pictures of those packets.

        Args:
            decoder: fresh, for the same video.
        """
        decoder.thread_count, decoder.thread_type = 1, "NONE"
        decoder.copy_opaque = True
        lost = self.lost
        for packet in (*(packet for _, packet in self._packets), None):
            try:
                pictures = decoder.decode(packet)
            except av.FFmpegError:
                continue
            yield from (picture for picture in pictures if _number(picture) in lost)

    def _forget_until(self, number: int) -> None:
        """Keep no packet before this one."""
        while self._packets and self._packets[0][0] < number:
            before, packet = self._packets.popleft()
            self._unshown.discard(before)
            self._bytes -= packet.size


def _number(picture: av.VideoFrame) -> int | None:
    """Of the packet that a picture came of, where the decoder hands it on."""
    ticket: Any = picture.opaque
    return ticket.number if isinstance(ticket, Ticket) else None
