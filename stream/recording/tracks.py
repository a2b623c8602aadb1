"""One kind of picture through all segments: annotated, clean or masks; a file at a time."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from stream.errors import SinkError
from stream.frame import Frame
from stream.parameters import StreamParameters
from stream.recording.copied import CopiedFile
from stream.recording.segments import Segment, SegmentFile, Segments
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.part import Part
from stream.source.arrival import CapturedPacket, GivenFormat
from stream.tally import Tally

ENCODED = "encoded"
COPIED = "copied from the source"

Closed = Callable[[SegmentFile], None]
"""Told of a file that is whole, under its partial name."""


class Track:
    """The files of one kind, one after another; none is open at first.

    Attributes:
        written: bytes of the files that are closed.
        broken: the file that could not be closed as it should.
    """

    def __init__(self, kind: str, segments: Segments, closed: Closed) -> None:
        """Nothing is opened yet.

        Args:
            kind: of the pictures, part of the files' names.
            segments: of the recording.
            closed: told of each file that is whole.
        """
        self._kind, self._segments, self._closed = kind, segments, closed
        self._file: Part | CopiedFile | None = None
        self._segment: Segment | None = None
        self.written = 0
        self.broken: SegmentFile | None = None

    @property
    def size(self) -> int:
        """Bytes of the file that is open."""
        if self._file is not None:
            with suppress(OSError):
                return self._file.partial.stat().st_size
        return 0

    def is_in(self, segment: Segment | None) -> bool:
        """Whether this is the segment that is being written."""
        return self._segment is segment

    def close(self) -> None:
        """Close the open file, whole.

        Raises:
            SinkError: it cannot be written; it stays under its partial name.
        """
        file, entry = self._let_go()
        if file is None or entry is None:
            return
        try:
            file.finish()
        except SinkError:
            self.broken = entry
            file.abandon()
            raise
        with suppress(OSError):
            self.written += file.partial.stat().st_size
        self._closed(entry)

    def abort(self) -> None:
        """Close the open file as well as it can still be closed; it keeps its partial name."""
        file, self.broken = self._let_go()
        if file is not None:
            file.abandon()

    def _let_go(self) -> tuple[Part | CopiedFile | None, SegmentFile | None]:
        """The open file and what is told of it."""
        file, self._file = self._file, None
        if file is None or self._segment is None:
            return None, None
        return file, self._segment.files[self._kind]

    def _turn_to(self, segment: Segment, ticks: int, how: str) -> SegmentFile:
        """Close the file before, and enter the next one in its segment."""
        self.close()
        self._segment = segment
        path = self._segments.path(segment, self._kind)
        segment.files[self._kind] = entry = SegmentFile(path, ticks, 0, how)
        return entry

    def _count(self) -> None:
        assert self._segment is not None
        self._segment.files[self._kind].pictures += 1


class EncodedTrack(Track):
    """Frames that are encoded."""

    def __init__(
        self,
        kind: str,
        segments: Segments,
        closed: Closed,
        *,
        settings: EncoderSettings,
        parameters: Callable[[], StreamParameters],
        warnings: Tally,
    ) -> None:
        """Nothing is opened yet.

        Args:
            kind: of the pictures, part of the files' names.
            segments: of the recording.
            closed: told of each file that is whole.
            settings: of the encoding.
            parameters: tells what a file's encoder has to know, ticks and rate included.
            warnings: counts what could not be kept as it was.
        """
        super().__init__(kind, segments, closed)
        self._settings, self._parameters, self._warnings = settings, parameters, warnings

    def takes(self, frame: Frame) -> bool:
        """Whether a frame fits into the open file; it has to begin a segment otherwise."""
        return not isinstance(self._file, Part) or self._file.takes(frame)

    def write(self, frame: Frame, ticks: int, segment: Segment) -> None:
        """Encode a frame.

        Args:
            frame: what to encode; it is copied, others may be drawing or sending it.
            ticks: its time on the recording's clock.
            segment: the one it belongs to.

        Raises:
            SinkError: the encoder or the file fails.
        """
        unit = self._segments.unit
        placed = replace(frame, pts=ticks - segment.start, time_base=unit, decoded=None)
        if segment is not self._segment or not isinstance(self._file, Part):
            entry = self._turn_to(segment, ticks, ENCODED)
            self._file = Part(
                entry.path,
                placed,
                parameters=self._parameters(),
                settings=self._settings,
                passed=(),
                warnings=self._warnings,
            )
        self._file.write(placed)
        self._count()


class CopiedTrack(Track):
    """A compressed source's own packets; its files begin with a keyframe."""

    def write(self, packet: CapturedPacket, given: GivenFormat, times: tuple[int, int]) -> bool:
        """Write a packet: a keyframe into the segment it belongs to, others behind it.

        Args:
            packet: as it was captured.
            given: what the source gives.
            times: ticks of its presentation and of its decoding on the recording's clock.

        Returns:
            Whether it was written: there has to be a segment that it belongs to.

        Raises:
            SinkError: the file fails.
        """
        pts, dts = times
        segment = self._segments.at(pts) if packet.is_keyframe else self._segment
        if segment is None:
            return False
        if segment is not self._segment or not isinstance(self._file, CopiedFile):
            entry = self._turn_to(segment, pts, COPIED)
            self._file = CopiedFile(entry.path, given, self._segments.unit)
        self._file.write(packet, pts - segment.start, dts - segment.start)
        self._count()
        return True
