"""Packets of sound and subtitles on their way past the pictures, untouched."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from av.packet import Packet
from av.stream import Stream

from stream.source.timeline import LONGEST, TimeLine
from stream.tally import Tally

NO_PACKET_TIME = "a packet of sound or subtitles had no time and was left out"
PACKET_BACK = "a packet of sound or subtitles stepped back in time and was left out"

PACKET_AHEAD = "a packet of sound or subtitles leapt ahead in time and was left out"


class Passing:
    """Holds what was read until it is taken; one thread may put while another takes."""

    def __init__(self, streams: Iterable[Stream], timeline: TimeLine, warnings: Tally) -> None:
        """Hold nothing yet.

        Args:
            streams: whose packets will come.
            timeline: of the pictures; where it was moved, sound moves along.
            warnings: counts packets that cannot be passed on.
        """
        self._strict = {stream.index: stream.type != "subtitle" for stream in streams}
        self._last: dict[int, int] = {}
        self._timeline = timeline
        self._warnings = warnings
        self._packets: deque[Packet[Any]] = deque()

    def put(self, packet: "Packet[Any]") -> None:
        """Take in a packet, in the order of the file."""
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is None:
            self._warnings.add(NO_PACKET_TIME)
            return
        shift = int(self._timeline.offset_seconds / packet.time_base)
        index = packet.stream_index
        packet.dts = dts + shift
        packet.pts = packet.dts if packet.pts is None else packet.pts + shift
        last = self._last.get(index)
        if last is not None and packet.dts < last + self._strict[index]:
            self._warnings.add(PACKET_BACK)
            return
        if last is not None and packet.dts - last > LONGEST:
            self._warnings.add(PACKET_AHEAD)
            return
        self._last[index] = packet.dts
        self._packets.append(packet)

    def take(self) -> "list[Packet[Any]]":
        """All that came since the last call, in the order of the file."""
        taken = []
        while self._packets:
            taken.append(self._packets.popleft())
        return taken
