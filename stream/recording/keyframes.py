"""The packets since the last keyframe: with them a recording can begin in the past."""

from stream.source.arrival import CapturedPacket

MOST_BYTES = 32 * 1024 * 1024
"""Ten seconds at 25 Mbit/s; a group of pictures that is larger is not kept."""


class SinceKeyframe:
    """Keeps the packets from the newest keyframe on."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._packets: list[CapturedPacket] = []
        self._bytes = 0

    @property
    def packets(self) -> tuple[CapturedPacket, ...]:
        """The keyframe and all that followed; none where that was too much to keep."""
        return tuple(self._packets)

    def add(self, packet: CapturedPacket) -> None:
        """Take the next packet."""
        last = self._packets[-1] if self._packets else None
        if packet.is_keyframe:
            self.clear()
        elif last is None or (last.index + 1, last.segment) != (packet.index, packet.segment):
            self.clear()  # what depends on a missing packet cannot be decoded
            return
        self._packets.append(packet)
        self._bytes += len(packet.content)
        if self._bytes > self._most_bytes:
            self.clear()

    def clear(self) -> None:
        """Forget them."""
        self._packets.clear()
        self._bytes = 0
