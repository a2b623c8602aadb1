"""Decoded pictures out of a container, whatever is wrong with it on the way."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import av
import av.container
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from stream.errors import SourceError
from stream.source.tail import Tail
from stream.tally import Tally

DAMAGED_PACKET = "a packet was damaged and could not be decoded"
DAMAGED_PICTURE = "a picture was damaged and is shown as far as it could be decoded"
NO_KEYFRAME = "a packet before the first keyframe could not be decoded"
MISSING_PICTURE = "a picture is missing because packets were damaged"
DEMUX_ERROR = "a stretch of the file was damaged and was skipped"

MOST_DEMUX_ERRORS = 32
"""Errors in a row, with no packet between, after which the file counts as broken off."""


class Decoding:
    """One pass over a container: video decoded, other packets handed on as they come.

    Errors are counted and skipped. After the last picture `broken_off` says whether the
    file ended in the middle of a packet or could not be read on, and `packets` and `end`
    how far it reached.

    Where a container stores the times of decoding alone (AVI), the n-th picture shown gets
    the n-th of them.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        video: VideoStream,
        others: tuple[Stream, ...],
        hand_on: "Callable[[Packet[Any]], None]",
        warnings: Tally,
        reopen: Callable[[], av.container.InputContainer],
    ) -> None:
        """Prepare to decode; nothing is read yet.

        Args:
            container: what to read; stays its owner's to close.
            video: the stream to decode.
            others: streams whose packets are handed on.
            hand_on: takes a packet of one of `others`.
            warnings: counts what was damaged.
            reopen: gives the container once more, for a fresh decoder.
        """
        self._container = container
        self._video = video
        self._others = others
        self._hand_on = hand_on
        self._warnings = warnings
        self._before_first: list[int] | None = []
        self._slots: deque[int] = deque()
        self._sent = 0
        self._pictures = 0
        self._damaged = False
        self._reopen = reopen
        self._tail = Tail()
        self.packets = 0
        self.end = 0.0
        self.broken_off = False

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """Pictures in presentation order, as the decoder gives them."""
        self._video.codec_context.copy_opaque = True
        cut = False
        for packet in self._demuxed():
            self._reach(packet)
            if packet.stream_index != self._video.index:
                self._hand_on(packet)
                continue
            self.packets += 1
            # A damaged packet at the very end is one that the file's end cut in two.
            cut = packet.is_corrupt
            yield from self._decode(packet)
        self.broken_off = self.broken_off or cut
        yield from self._drain()
        if self._tail.lost:
            yield from self._given_up()
        if self.missing:
            self._warnings.add(MISSING_PICTURE, self.missing)

    def _demuxed(self) -> "Iterator[Packet[Any]]":
        """Packets in the order of the file; damaged stretches are skipped."""
        errors = 0
        packets = self._container.demux(self._video, *self._others)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, IndexError):
                return  # IndexError: PyAV's end where a stream has come up on the way
            except av.FFmpegError:
                errors += 1
                if errors > MOST_DEMUX_ERRORS:
                    self.broken_off = True
                    return
                packets = self._container.demux(self._video, *self._others)
                continue
            if errors:
                self._warnings.add(DEMUX_ERROR)
                errors = 0
            if packet.size:
                yield packet

    def _decode(self, packet: "Packet[Any]") -> Iterator[av.VideoFrame]:
        """Pictures that are ready once this packet is in."""
        self._sent += not packet.is_discard
        self._tail.put(packet)
        if packet.pts is None and packet.dts is not None:
            self._slots.append(packet.dts)
        if self._before_first is not None and packet.pts is not None and not packet.is_discard:
            self._before_first.append(packet.pts)
        try:
            pictures = self._video.decode(packet)
        except MemoryError:
            raise  # the packet may be whole
        except av.FFmpegError:
            self._note_damage()
            if packet.pts is None and self._slots:
                self._slots.pop()
            return
        for picture in pictures:
            yield self._noted(picture)

    def _drain(self) -> Iterator[av.VideoFrame]:
        """Pictures that are still inside the decoder after the last packet."""
        try:
            pictures = self._video.decode(None)
        except av.FFmpegError:
            self._note_damage()
            pictures = []
        for picture in pictures:
            yield self._noted(picture)

    def _given_up(self) -> Iterator[av.VideoFrame]:
        """Pictures of the last packets that the decoder gave up, by another one."""
        try:
            with self._reopen() as container:
                video = container.streams[self._video.index]
                assert isinstance(video, VideoStream)
                for picture in self._tail.again(video.codec_context):
                    yield self._noted(picture)
        except (av.FFmpegError, SourceError):
            return  # no second look at a pipe: what was decoded stands

    def _note_damage(self) -> None:
        """Count a packet that the decoder refused."""
        self._damaged = True
        self._warnings.add(DAMAGED_PACKET)

    @property
    def missing(self) -> int:
        """How many pictures did not come out because packets were damaged."""
        # Only then: some codecs have packets that show nothing.
        return max(0, self._sent - self._pictures) if self._damaged else 0

    def _noted(self, picture: av.VideoFrame) -> av.VideoFrame:
        """The picture, once it is accounted for."""
        self._tail.shown(picture)
        if picture.is_corrupt:
            self._warnings.add(DAMAGED_PICTURE)
        if picture.pts is None and self._slots:
            picture.pts = self._slots.popleft()
        if picture.pts is not None and self._before_first is not None:
            earlier = sum(pts < picture.pts for pts in self._before_first)
            if earlier:
                self._warnings.add(NO_KEYFRAME, earlier)
                self._sent -= earlier
        self._before_first = None
        self._pictures += 1
        return picture

    def _reach(self, packet: "Packet[Any]") -> None:
        """Note how far into the recording, in seconds, the packets go."""
        if packet.pts is not None and packet.time_base:
            self.end = max(
                self.end, float((packet.pts + (packet.duration or 0)) * packet.time_base)
            )
