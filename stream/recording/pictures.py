"""A recording's pictures on their way into files: one clock, segments that begin together."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from stream.errors import SinkError
from stream.frame import Frame
from stream.parameters import StreamParameters
from stream.recording.blanking import Blanking
from stream.recording.clock import Clock, Hand
from stream.recording.options import RecordingOptions
from stream.recording.segments import Segment, SegmentFile, Segments
from stream.recording.shown import ShownFrame
from stream.recording.tracks import Closed, CopiedTrack, EncodedTrack
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.masks import grey_of
from stream.source.arrival import CapturedPacket, GivenFormat
from stream.tally import Tally

KEYFRAME_WITHIN_S = 15
"""A source that sends no keyframe for so long cannot be copied: a file begins with one."""

EARLIER = "from before the recording began"
NO_KEYFRAME = "before the first keyframe"
INCOMPLETE = "depends on a lost packet"
NO_TIME = "has no time"
"""Why a picture is in no file."""

LOSSLESS = EncoderSettings(codec="ffv1")

Recorded = tuple[Frame, Segment]
"""The clean frame at its time on the recording's clock, and the segment that it went to."""


class Pictures:
    """Writes annotated and clean frames, masks and packets; all on one thread.

    Attributes:
        segments: of the recording.
    """

    def __init__(
        self,
        base: Path,
        clock: Clock,
        options: RecordingOptions,
        *,
        parameters: Callable[[], StreamParameters],
        closed: Closed,
        warnings: Tally,
    ) -> None:
        """Open nothing yet.

        Args:
            base: folder and name of the recording, without a suffix.
            clock: of the recording.
            options: what is recorded, and how.
            parameters: tells what the source says of its pictures, and the rate to expect.
            closed: told of each file that is whole.
            warnings: counts what could not be kept as it was.
        """
        self.segments = Segments(base, options, clock.unit)
        self._clock, self._options, self._warnings = clock, options, warnings
        self._frame_hand, self._packet_hand = Hand(clock), Hand(clock)
        self._given: GivenFormat | None = None
        self._blanking = Blanking(options.view) if options.redact else None
        self._copies = False
        self._next_packet = 0
        self._lacking: str | None = NO_KEYFRAME

        def encoded(kind: str, settings: EncoderSettings = options.encoding) -> EncodedTrack:
            return EncodedTrack(
                kind,
                self.segments,
                closed,
                settings=settings,
                parameters=lambda: replace(parameters(), time_base=clock.unit),
                warnings=warnings,
            )

        self._annotated = encoded("annotated") if options.annotated else None
        self._clean = encoded("clean") if options.clean else None
        self._masks = encoded("masks", LOSSLESS) if options.masks else None
        self._copied = CopiedTrack("clean", self.segments, closed)
        self._tracks = [
            track
            for track in (self._annotated, self._masks, self._clean, self._copied)
            if track is not None
        ]

    @property
    def written(self) -> int:
        """Bytes of all files."""
        return sum(track.written + track.size for track in self._tracks)

    @property
    def broken(self) -> list[SegmentFile]:
        """Files that could not be closed as they should."""
        return [track.broken for track in self._tracks if track.broken is not None]

    @property
    def mended(self) -> int:
        """How often the source's time was not to be believed."""
        return self._frame_hand.mended + self._packet_hand.mended

    def change(self, given: GivenFormat) -> None:
        """Another connection, or another picture, begins with what comes next.

        Args:
            given: what that is; the clean file is a copy where it has packets.
        """
        before, self._given = self._given, given
        if before is not None and before.segment == given.segment:
            return
        if before is not None:
            self._clock.begin_anew()
            self.segments.want("the source began anew", at_once=True)
        self._copy(given.has_packets)

    def write_frame(self, seen: ShownFrame) -> Recorded | str:
        """Write a frame.

        Returns:
            What was recorded, or why it was not.

        Raises:
            SinkError: an encoder or a file fails.
        """
        frame, shown = seen.frame, seen.shown
        ticks = self._frame_hand.at(frame.seconds, frame.arrived_at)
        if self._blanking is not None:
            frame, shown = self._blanking.blank(frame, shown)
        segment = self._segment_of(frame, ticks)
        if segment is None:
            return EARLIER
        if self._annotated is not None:
            self._annotated.write(shown, ticks, segment)
        if self._clean is not None and not self._copies:
            self._clean.write(frame, ticks, segment)
        if self._masks is not None and seen.prediction is not None:
            grey = frame.with_picture(grey_of(seen.prediction, visible=seen.visible))
            self._masks.write(grey, ticks, segment)
        return Frame(frame.index, ticks, self._clock.unit, frame.picture, frame.arrived_at), segment

    def write_packet(self, packet: CapturedPacket) -> float | str:
        """Write a compressed packet.

        Returns:
            Seconds on the recording's clock, or why it was not written.

        Raises:
            SinkError: the file fails.
        """
        if packet.pts is None and packet.dts is None:
            return NO_TIME
        if packet.is_keyframe:
            self._lacking = None
        elif self._lacking is None and packet.index != self._next_packet:
            self._lacking = INCOMPLETE
        self._next_packet = packet.index + 1
        if self._lacking is not None:
            return self._lacking
        times = self._times_of(packet)
        if packet.is_keyframe and self.segments.is_wanted(at_once=False):
            self.segments.begin(times[0])
        assert self._given is not None, "packets come after what is given"
        if not self._copied.write(packet, self._given, times):
            self._lacking = EARLIER
            return EARLIER
        return float(times[0] * self._clock.unit)

    def close(self) -> list[str]:
        """Close all files, whole; tells of each that could not be."""
        problems = []
        for track in self._tracks:
            try:
                track.close()
            except SinkError as problem:  # the others come nevertheless
                problems.append(str(problem))
        return problems

    def abort(self) -> None:
        """Close all files as well as they can still be closed, under their partial names."""
        for track in self._tracks:
            track.abort()

    def _copy(self, copies: bool) -> None:
        """Let the clean file be a copy of packets from now on, or be encoded."""
        if copies != self._copies:
            self._copies, self._lacking = copies, NO_KEYFRAME
            if self._clean is not None:
                (self._clean if copies else self._copied).close()

    def _segment_of(self, frame: Frame, ticks: int) -> Segment | None:
        """The segment that a frame belongs to; it may begin one."""
        segments, picture = self.segments, frame.picture
        current = segments.current
        if current is not None:
            for track in (self._annotated, self._clean):
                if track is not None and track.is_in(current) and not track.takes(frame):
                    reason = (
                        f"the picture is {picture.width}x{picture.height} {picture.layout.name}"
                    )
                    segments.want(reason, at_once=True)
            self._wait_for_keyframe(ticks, current)
            segments.consider(ticks, max(track.size for track in self._tracks))
        if segments.is_wanted(at_once=self._copies):
            segments.begin(ticks)
        return segments.at(ticks)

    def _wait_for_keyframe(self, ticks: int, current: Segment) -> None:
        """Where no packet can be copied for too long, encode the clean file instead."""
        waited = (ticks - current.start) * self._clock.unit
        if self._copies and not self._copied.is_in(current) and waited > KEYFRAME_WITHIN_S:
            self._warnings.add(
                f"the source sent no keyframe for {KEYFRAME_WITHIN_S} s: "
                "its clean recording is encoded instead of copied"
            )
            self._copy(False)
            self.segments.want("the source sends no keyframes", at_once=True)

    def _times_of(self, packet: CapturedPacket) -> tuple[int, int]:
        """Ticks of a packet's presentation and decoding on the recording's clock."""
        pts = packet.dts if packet.pts is None else packet.pts
        dts = packet.pts if packet.dts is None else packet.dts
        assert pts is not None and dts is not None
        ticks = self._packet_hand.at(dts * packet.time_base, packet.arrived_at)
        return ticks + round((pts - dts) * packet.time_base / self._clock.unit), ticks
