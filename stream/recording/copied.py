"""A file of a source's own packets: what arrived compressed is recorded bit for bit."""

import io
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from stream.finishing import partial_of
from stream.sink.containers import FORMATS, options_while_growing
from stream.sink.part import one_line
from stream.source.arrival import CapturedPacket, GivenFormat

START_CODES = (b"\0\0\1", b"\0\0\0\1")
"""How units begin in a stream that can be joined at any keyframe (H.264 and H.265, Annex B)."""

NEEDING_START_CODES = ("h264", "hevc")


def can_be_copied(given: GivenFormat, suffix: str) -> bool:
    """Whether a source's packets can go into a file as they are.

    Args:
        given: what the source gives.
        suffix: of the file.
    """
    if not given.has_packets:
        return False
    if given.codec in NEEDING_START_CODES and not _has_start_codes(given.extradata):
        return False
    try:
        with av.open(io.BytesIO(), "w", format=FORMATS[suffix]) as trial:
            trial.add_mux_stream(given.codec)
    except (av.FFmpegError, ValueError):
        return False
    return True


def _has_start_codes(extradata: bytes) -> bool:
    return not extradata or extradata.startswith(START_CODES)


class CopiedFile:
    """A file under its partial name, from a keyframe until it is finished.

    Attributes:
        final: the name the file gets when all is well.
        partial: the name it has until then.
        packets: how many were written.
    """

    def __init__(self, final: Path, given: GivenFormat, unit: Fraction) -> None:
        """Open the file.

        Args:
            final: its name.
            given: what the source gives.
            unit: seconds per tick of the times that are written.

        Raises:
            SinkError: it cannot be opened.
        """
        self.final, self.partial = final, partial_of(final)
        self.packets = 0
        self._unit = unit
        self._header = given.extradata if _has_start_codes(given.extradata) else b""
        suffix = final.suffix.lower()
        with one_line(self.partial):
            self._container = av.open(
                f"file:{self.partial}",
                "w",
                format=FORMATS[suffix],
                container_options=options_while_growing(suffix, unit),
            )
            self._video: Any = self._container.add_mux_stream(
                given.codec, given.rate, width=given.width, height=given.height, time_base=unit
            )

    def write(self, packet: CapturedPacket, pts: int, dts: int) -> None:
        """Write the next packet, the first of which is a keyframe.

        Args:
            packet: as it was captured.
            pts: ticks of its presentation in this file.
            dts: ticks of its decoding.

        Raises:
            SinkError: it cannot be written.
        """
        content = packet.content
        if not self.packets and self._header and self._header not in content:
            content = self._header + content  # RTSP and others send it beside the packets alone
        stored: Packet[Any] = Packet(content)
        stored.stream, stored.time_base = self._video, self._unit
        stored.pts, stored.dts = pts, dts
        stored.duration = round(packet.duration * packet.time_base / self._unit)
        stored.is_keyframe = packet.is_keyframe
        with one_line(self.partial):
            self._container.mux(stored)
        self.packets += 1

    def finish(self) -> None:
        """Close the file, whole.

        Raises:
            SinkError: it cannot be written; what was written until then stays.
        """
        with one_line(self.partial):
            self._container.close()

    def abandon(self) -> None:
        """Close the file as well as it can still be closed; it keeps its partial name."""
        with suppress(av.FFmpegError, OSError):
            self._container.close()
