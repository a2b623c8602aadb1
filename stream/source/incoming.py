"""Packets of a live container's video, as they come, and when each came."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import av
import av.container
from av.packet import Packet
from av.video.stream import VideoStream

from stream.errors import SourceError
from stream.source.access_units import CODECS, is_keyframe, is_one_picture
from stream.source.asked import Asked
from stream.source.decoding import MOST_DEMUX_ERRORS
from stream.source.opening import pick_video
from stream.tally import Tally

UNREADABLE = "a stretch of the stream was damaged and was skipped"
"""What is counted where the demuxer stumbles."""

SEVERAL_PICTURES = "a packet did not hold one picture, and some of it may not be shown"

JUDGED = 4
"""Packets by which a stream is known to come picture by picture; FFmpeg has read them already."""

Waiting = Callable[[float], None]
"""Waits until a packet of this decoding second is due; for what has no clock of its own."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A container that was opened, and how it is to be read.

    Attributes:
        container: what is read; closed with its source.
        shown: its address as it may stand in messages.
        parity: "tff" or "bff" where the driver says fields that frames are not flagged with.
        remark: what else the driver said.
        is_connected: the driver's word on whether there is a signal, where it has one.
        parsed: opens it again with FFmpeg's parsers, which cut pictures out of whatever comes;
            None where they are at work already, or are not needed.
    """

    container: av.container.InputContainer
    shown: str
    parity: str | None = None
    remark: str = ""
    is_connected: Callable[[], bool | None] | None = None
    parsed: Callable[[], av.container.InputContainer] | None = None


class Arrived(NamedTuple):
    """A packet, whether a decoder can begin with it, and when it came, in monotonic seconds."""

    packet: "Packet[Any]"
    is_keyframe: bool
    at: float


class Incoming:
    """What an open container gives; sound is read and dropped.

    Attributes:
        video: the stream that is read; whoever decodes sets it up.
    """

    def __init__(
        self, opened: Opened, asked: Asked, warnings: Tally, wait: Waiting | None = None
    ) -> None:
        """Find the video, and see how its pictures come.

        Args:
            opened: the container.
            asked: what is wanted of it.
            warnings: counts what is damaged.
            wait: paces what has no pace of its own.

        Raises:
            SourceError: it holds no video, or is lost already.
        """
        self._container, self._opened, self._asked = opened.container, opened, asked
        self._warnings, self._wait = warnings, wait
        self.video: VideoStream = pick_video(self._container, opened.shown, warnings)
        self._round = self._end_pts = 0
        self._first: list[tuple[Packet[Any], float]] = []
        self._codec = ""
        if opened.parsed is not None and not self._comes_picture_by_picture():
            self._container.close()
            self._container = opened.parsed()
            try:
                self.video = pick_video(self._container, opened.shown, warnings)
            except BaseException:
                self._container.close()
                raise

    def __iter__(self) -> Iterator[Arrived]:
        """Packets in order, an empty one at the end.

        Raises:
            SourceError: the source is lost.
        """
        for packet, at in self._first:
            yield self._arrived(packet, at)
        self._first.clear()
        for packet, at in self._read():
            yield self._arrived(packet, at)

    def close(self) -> None:
        """Let go of the container."""
        self._container.close()

    def _comes_picture_by_picture(self) -> bool:
        codec = self.video.codec_context.name
        if codec not in CODECS:
            return False
        first = list(islice(self._read(), JUDGED))
        if not all(each.is_corrupt or is_one_picture(bytes(each), codec) for each, _ in first):
            return False
        self._first, self._codec = first, codec
        return True

    def _arrived(self, packet: "Packet[Any]", at: float) -> Arrived:
        if not self._codec or not packet.size:
            return Arrived(packet, packet.is_keyframe, at)
        content = bytes(packet)
        if not packet.is_corrupt and not is_one_picture(content, self._codec):
            self._warnings.add(SEVERAL_PICTURES)
        return Arrived(packet, is_keyframe(content, self._codec), at)

    def _read(self) -> "Iterator[tuple[Packet[Any], float]]":
        """Packets of the video, and when each arrived."""
        errors, heard_at = 0, time.monotonic()
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets)
            except (StopIteration, IndexError):  # the latter where a stream came up on the way
                if not (self._wait and self._asked.loop and self._end_pts):
                    return
                packets = self._rewind()
                continue
            except av.error.ExitError:
                raise self._silent() from None
            except av.InvalidDataError as problem:
                errors += 1
                if errors > MOST_DEMUX_ERRORS:
                    raise SourceError(f"{self._opened.shown}: sends nothing readable") from problem
                self._warnings.add(UNREADABLE)
                packets = self._container.demux()
                continue
            except (av.FFmpegError, OSError) as problem:
                said = getattr(problem, "strerror", None) or type(problem).__name__
                raise SourceError(f"{self._opened.shown}: is lost: {said}") from problem
            arrived_at = time.monotonic()
            # Sound may go on without video; and at the limit FFmpeg hands out what it still has.
            if self._wait is None and arrived_at - heard_at > self._asked.silent_s:
                raise self._silent()
            if packet.stream_index != self.video.index:
                continue
            errors, heard_at = 0, arrived_at
            yield packet, self._pace(packet) or arrived_at

    def _pace(self, packet: "Packet[Any]") -> float | None:
        """Hold a packet of a file back until it is due, behind all earlier rounds of it."""
        if self._wait is None or packet.dts is None:
            return None
        packet.dts += self._round
        if packet.pts is not None:
            packet.pts += self._round
            self._end_pts = max(self._end_pts, packet.pts + (packet.duration or 1))
        self._wait(float(packet.dts * packet.time_base))
        return time.monotonic()

    def _rewind(self) -> "Iterator[Packet[Any]]":
        """A file from its beginning, its times going on."""
        self._container.seek(0)
        self.video.codec_context.flush_buffers()
        self._round = self._end_pts - (self.video.start_time or 0)
        return self._container.demux()

    def _silent(self) -> SourceError:
        return SourceError(f"{self._opened.shown}: sent no video for {self._asked.silent_s:g} s")
