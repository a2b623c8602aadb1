"""A container read live: packets and whole pictures in the order they came, at once."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
from av.codec.context import Flags
from av.packet import Packet

from stream.frame import frame_of
from stream.source.annexb import parameter_sets
from stream.source.arrival import Arrival, CapturedPacket, GivenFormat
from stream.source.asked import Asked
from stream.source.continuity import Continuity
from stream.source.conversion import Conversion, travelling_format
from stream.source.decoding import DAMAGED_PACKET, DAMAGED_PICTURE
from stream.source.deinterlace import Deinterlacer
from stream.source.incoming import Arrived, Incoming, Opened, Waiting
from stream.source.opening import USUAL_RATE, declared_rate
from stream.source.timeline import TimeLine
from stream.tally import Tally

DECODER_THREADS = 4
"""More slices than that no usual sender makes."""

MOST_HELD = 600
"""Packets that wait for the first picture: more than any usual distance of keyframes."""

LOST_ON_THE_WAY = "a part of the stream was lost on its way"

RAW = ("rawvideo", "wrapped_avframe")
"""Codecs whose packets are the pictures themselves."""


class StreamSource:
    """A live source on an open container; see `LiveSource`.

    A change of size, and times that do not go on, begin a new segment, with a keyframe where
    packets are wanted.
    """

    def __init__(
        self, opened: Opened, asked: Asked, warnings: Tally, wait: Waiting | None = None
    ) -> None:
        """Prepare to read.

        Args:
            opened: the container.
            asked: what is wanted of it.
            warnings: counts what is damaged.
            wait: paces what has no pace of its own.

        Raises:
            SourceError: it holds no video.
        """
        self._opened, self._asked, self._warnings = opened, asked, warnings
        self._incoming = Incoming(opened, asked, warnings, wait)
        self._video = self._incoming.video
        self._video.thread_type, self._video.thread_count = "SLICE", DECODER_THREADS
        self._video.codec_context.flags |= Flags.low_delay
        self._time_base = self._video.time_base or Fraction(1, 90000)
        self._rate = declared_rate(self._video)
        self._continuity = Continuity()
        self._conversion = Conversion(warnings)
        self._has_packets = asked.packets and self._video.codec_context.name not in RAW
        self._coded = self._coded_now()
        self._given: GivenFormat | None = None
        self._packets = self._frames = 0
        self._arrived_at = 0.0
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget what came before: the next picture begins a segment."""
        self._awaiting = True
        self._held: list[CapturedPacket] = []
        self._timeline = TimeLine(self._time_base, self._rate or USUAL_RATE, self._warnings)
        self._deinterlacer = Deinterlacer(self._time_base, parity=self._opened.parity)

    def __iter__(self) -> Iterator[Arrival]:
        """All that arrives; see `LiveSource`."""
        for arrived in self._incoming:
            packet, self._arrived_at = arrived.packet, arrived.at
            seconds = None if packet.dts is None else float(packet.dts * self._time_base)
            if self._continuity.breaks(seconds, arrived.at) and not self._awaiting:
                self._video.codec_context.flush_buffers()
                self._begin_anew()
            if not packet.size:
                yield from self._end()
                continue
            captured = self._capture(arrived)
            pictures = self._decode(packet)
            yield from self._end_with_size(pictures)
            if self._awaiting:
                self._hold(captured)
            elif self._has_packets:
                yield captured
            for picture in pictures:
                yield from self._shown(self._deinterlaced(picture))

    def _end(self) -> Iterator[Arrival]:
        """What is still inside after the last packet."""
        for picture in self._decode(None):
            yield from self._shown(self._deinterlaced(picture))
        yield from self._shown(self._deinterlacer.drain())

    def _capture(self, arrived: Arrived) -> CapturedPacket:
        packet = arrived.packet
        if packet.is_corrupt:
            self._warnings.add(LOST_ON_THE_WAY)
        captured = CapturedPacket(
            self._packets,
            bytes(packet) if self._has_packets else b"",
            packet.pts,
            packet.dts,
            packet.duration or 0,
            self._time_base,
            arrived.is_keyframe,
            self._given.segment if self._given else 0,
            arrived.at,
        )
        self._packets += 1
        return captured

    def _decode(self, packet: "Packet[Any] | None") -> list[av.VideoFrame]:
        try:
            return list(self._video.decode(packet))
        except av.FFmpegError:
            self._warnings.add(DAMAGED_PACKET)
            return []

    def _coded_now(self) -> tuple[int, int, str | None]:
        """Size and format that the decoder is at."""
        context = self._video.codec_context
        return context.width, context.height, context.pix_fmt

    def _end_with_size(self, pictures: list[av.VideoFrame]) -> Iterator[Arrival]:
        """Where the decoder has met another size: the pictures of the old one, and its end."""
        before, self._coded = self._coded, self._coded_now()
        if self._awaiting or before == self._coded:
            return
        while pictures and not self._differs(pictures[0]):
            yield from self._shown(self._deinterlaced(pictures.pop(0)))
        yield from self._shown(self._deinterlacer.drain())
        self._begin_anew()

    def _hold(self, captured: CapturedPacket) -> None:
        """Keep a packet until the first picture, from the latest keyframe on."""
        if captured.is_keyframe or len(self._held) > MOST_HELD:
            self._held.clear()
        self._held.append(captured)

    def _deinterlaced(self, picture: av.VideoFrame) -> Iterator[av.VideoFrame]:
        if picture.is_corrupt:
            self._warnings.add(DAMAGED_PICTURE)
        if not self._asked.deinterlace:
            yield picture
            return
        yield from self._deinterlacer.push(picture)

    def _shown(self, pictures: Iterator[av.VideoFrame]) -> Iterator[Arrival]:
        """Whole pictures as frames, behind what has to be told first."""
        for picture in pictures:
            differs = self._awaiting or self._differs(picture)
            if differs or (self._delay_s and not self._said.deinterlace_delay_s):
                yield from self._tell(picture, new_segment=differs)
            pts = self._timeline.place(picture.pts)
            travelling = self._conversion.to_travel(picture)
            yield frame_of(travelling, self._frames, pts, self._time_base, self._arrived_at)
            self._frames += 1

    @property
    def _said(self) -> GivenFormat:
        assert self._given is not None  # told before the first frame
        return self._given

    def _differs(self, picture: av.VideoFrame) -> bool:
        """Whether a picture is not what the source said it gives."""
        given = self._said
        return (picture.width, picture.height, picture.format.name) != (
            given.width,
            given.height,
            given.pixel_format,
        )

    @property
    def _delay_s(self) -> float:
        return float(1 / (self._rate or USUAL_RATE)) if self._deinterlacer.is_at_work else 0.0

    def _tell(self, picture: av.VideoFrame, *, new_segment: bool) -> Iterator[Arrival]:
        """What the source gives, and the packets that led to its first picture."""
        context = self._video.codec_context
        segment = (self._given.segment if self._given else 0) + new_segment
        content = next((packet.content for packet in self._held if packet.content), b"")
        sets = parameter_sets(content, context.name)
        self._given = GivenFormat(
            segment,
            picture.width,
            picture.height,
            travelling_format(picture.format),
            picture.format.name,
            context.name,
            self._rate,
            self._time_base,
            sample_aspect_ratio=self._video.sample_aspect_ratio or Fraction(1),
            matrix_tag=int(picture.colorspace),
            primaries=int(picture.color_primaries),
            transfer=int(picture.color_trc),
            deinterlace_delay_s=self._delay_s,
            extradata=sets or context.extradata or b"",
            has_packets=self._has_packets,
            remark=self._opened.remark,
        )
        yield self._given
        if self._has_packets:
            yield from (replace(packet, segment=segment) for packet in self._held)
        self._held.clear()
        self._awaiting = False

    def is_connected(self) -> bool | None:
        """The driver's word on whether there is a signal; None where it has none."""
        ask = self._opened.is_connected
        return None if ask is None else ask()

    def close(self) -> None:
        """Let go of the container."""
        self._incoming.close()
