"""How long each packet lasts: until the next one of its stream, whatever its encoder says."""

from typing import Any

from av.packet import Packet


class Durations:
    """Holds the latest packet of every stream back until the next one tells how long it lasts.

    An mp4 in fragments stores no times but durations. Where sound ends a fragment, the length of
    its last picture is taken from that picture's packet, and the time of the next one follows
    from it: an encoder's usual length would move a picture behind a gap.
    """

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._held: dict[int, Packet[Any]] = {}

    def push(self, packet: "Packet[Any]") -> "Packet[Any] | None":
        """The packet of the same stream before this one, its duration exact."""
        before = self._held.get(packet.stream_index)
        self._held[packet.stream_index] = packet
        if before is not None and before.dts is not None and packet.dts is not None:
            before.duration = packet.dts - before.dts
        return before

    def drain(self) -> "list[Packet[Any]]":
        """The last packet of each stream."""
        held, self._held = list(self._held.values()), {}
        return held
