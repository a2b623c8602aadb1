"""Recordings in: every frame once, in order, at its exact time."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.container
import av.stream
from av.codec.hwaccel import HWAccel
from av.packet import Packet

from stream.errors import BrokenOffError, SourceError
from stream.frame import Frame, frame_of
from stream.parameters import StreamParameters
from stream.source.address import redacted
from stream.source.conversion import Conversion
from stream.source.decoding import Decoding
from stream.source.deinterlace import Deinterlacer
from stream.source.hardware import Decoder, hardware_decoder
from stream.source.opening import (
    believed_unit,
    declared_end,
    is_cut_short,
    open_container,
    pick_video,
    plausible_rate,
)
from stream.source.orientation import UPRIGHT, Orientation, orientation_of, upright
from stream.source.passing import Passing
from stream.source.timeline import TimeLine
from stream.tally import Tally

END_TOLERANCE_SECONDS = 0.25
"""A recording may end this much before its container says; containers round and pad."""

Opener = Callable[[], av.container.InputContainer]
"""Opens a recording's container, each time anew."""


class FileSource:
    """A recording, read once from its first frame to its last.

    Attributes:
        name: file name, without its folder and without secrets.
        encoding: codec and container, in words.
        width: luma columns of the upright picture.
        height: luma rows of the upright picture.
        time_base: seconds per unit of a frame's `pts`.
        rate: average frames per second, as the container says.
        duration: seconds, as the container says, or None.
        frame_count: frames expected, or None; an estimate, never relied on.
        parameters: what a recorder needs beside the frames.
        turned: whether the frames were turned or mirrored to stand upright.
        warnings: what was wrong with the recording, counted.
        broken_off: set once the last frame has come out, where the recording ends before
            its own end: what to raise when everything is saved.
    """

    def __init__(
        self,
        address: str | Path,
        *,
        deinterlace: bool = True,
        pass_through: bool = True,
        decoder: Decoder = "software",
        warnings: Tally | None = None,
        opener: Opener | None = None,
    ) -> None:
        """Open a recording and decode its first picture.

        Args:
            address: a path, or a URL of a recording that has an end.
            deinterlace: make whole pictures of frames that are flagged as fields.
            pass_through: hand on sound and subtitles.
            decoder: `auto` decodes in hardware where a trial shows that it works.
            warnings: counts what is wrong with the recording.
            opener: opens its container where that is not all of the file; software decodes it.

        Raises:
            SourceError: there is no recording, or no picture in it can be decoded.
        """
        self.warnings = warnings if warnings is not None else Tally()
        self.broken_off: BrokenOffError | None = None
        self._shown_address = redacted(str(address))
        self.name = self._shown_address.rstrip("/").rpartition("/")[2]
        self._hardware: HWAccel | None = None
        if decoder == "auto" and opener is None:
            self._hardware = hardware_decoder(str(address))
        self._open = opener or (lambda: open_container(address, self._hardware))
        self._container = self._open()
        try:
            self._video = pick_video(self._container, self._shown_address, self.warnings)
            self._prepare(deinterlace, pass_through)
        except BaseException:
            self._container.close()
            raise

    def _prepare(self, deinterlace: bool, pass_through: bool) -> None:
        """Set up the way of a picture, and bring the first one out."""
        video = self._video
        self.rate = plausible_rate(video)
        unit = believed_unit(self._container, video)
        self._is_timed = unit is not None
        self.time_base: Fraction = unit or 1 / self.rate
        streams = (*self._container.streams.audio, *self._container.streams.subtitles)
        others = streams if pass_through else ()
        self._timeline = TimeLine(self.time_base, self.rate, self.warnings)
        self._passing = Passing(others, self._timeline, self.warnings)
        self._decoding = Decoding(
            self._container,
            video,
            others,
            self._passing.put,
            self.warnings,
            self._open,
        )
        self._deinterlacer = Deinterlacer(self.time_base) if deinterlace else None
        self._conversion = Conversion(self.warnings)
        self._orientation = UPRIGHT
        self._frames = self._placed()
        self._first = next(self._frames, None)
        if self._first is None:
            raise SourceError(
                f"{self._shown_address}: not one picture of its video can be decoded: "
                "the file is damaged, breaks off before its first picture, or is encrypted"
            )
        self.width, self.height = self._first.picture.width, self._first.picture.height
        self.turned = self._orientation != UPRIGHT
        self._describe(others)

    def _describe(self, others: tuple[av.stream.Stream, ...]) -> None:
        """Fill in what the container says of itself."""
        video, container = self._video, self._container
        self.encoding = f"{video.codec_context.name} in {container.format.long_name}"
        self.duration: Fraction | None = None
        if video.duration is not None:
            self.duration = video.duration * self.time_base
        elif container.duration is not None:
            self.duration = Fraction(container.duration, av.time_base)
        self.frame_count: int | None = video.frames or (
            round(self.duration * self.rate) if self.duration else None
        )
        aspect = video.sample_aspect_ratio or Fraction(1)
        context = video.codec_context
        self.parameters = StreamParameters(
            time_base=self.time_base,
            rate=self.rate,
            sample_aspect_ratio=1 / aspect if self._orientation.transposed else aspect,
            matrix_tag=int(context.colorspace),
            primaries=int(context.color_primaries),
            transfer=int(context.color_trc),
            passed_through=others,
            metadata=dict(container.metadata),
        )

    def __iter__(self) -> Iterator[Frame]:
        """Every frame, in presentation order; afterwards look at `broken_off`."""
        count, last = 0, None
        if self._first is not None:
            first, self._first = self._first, None
            count, last = 1, first
            yield first
        for frame in self._frames:
            count, last = count + 1, frame
            yield frame
        if self._breaks_off():
            reached = f" at {float(last.seconds):.2f} s" if last is not None else ""
            self.broken_off = BrokenOffError(
                f"{self._shown_address} breaks off{reached}: "
                f"all {count} frames before that were delivered, the rest is missing"
            )

    def take_packets(self) -> "list[Packet[Any]]":
        """Packets of `parameters.passed_through` read since the last call, in file order.

        May be called from another thread than the one that iterates.
        """
        return self._passing.take()

    def _placed(self) -> Iterator[Frame]:
        """Frames in their native planes, upright, each later than the one before."""
        for index, (decoded, then) in enumerate(_with_next_time(self._whole())):
            if index == 0:
                self._orientation = self._read_orientation(decoded)
            if self._orientation == UPRIGHT:
                shown = self._conversion.to_travel(decoded)
            else:
                turnable = (
                    self._conversion.to_turn(decoded)
                    if self._orientation.transposed
                    else self._conversion.to_travel(decoded)
                )
                shown = upright(turnable, self._orientation)
            times = (decoded.pts, then) if self._is_timed else (None, None)
            yield frame_of(shown, index, self._timeline.place(*times), self.time_base)

    def _whole(self) -> Iterator[av.VideoFrame]:
        """Pictures made whole where they came as fields."""
        if self._deinterlacer is None:
            yield from self._decoded()
            return
        for decoded in self._decoded():
            yield from self._deinterlacer.push(decoded)
        yield from self._deinterlacer.drain()

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Pictures as they are decoded."""
        self._video.thread_type = "AUTO"
        yield from self._decoding

    def _read_orientation(self, decoded: av.VideoFrame) -> Orientation:
        """The orientation of the recording, upright where it cannot be followed."""
        try:
            return orientation_of(decoded)
        except SourceError as problem:
            self.warnings.add(f"{problem}: it is read as stored")
            return UPRIGHT

    def _breaks_off(self) -> bool:
        """Whether the recording goes on, by its own word, behind what could be read."""
        if self._decoding.broken_off or is_cut_short(self._container):
            return True
        end = declared_end(self._container, self._video)
        if end is None or end - self._decoding.end <= END_TOLERANCE_SECONDS:
            return False
        return not self._video.frames or self._decoding.packets < self._video.frames

    def close(self) -> None:
        """Let go of the file; frames already handed out stay valid."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _with_next_time(
    pictures: Iterator[av.VideoFrame],
) -> Iterator[tuple[av.VideoFrame, int | None]]:
    """Each picture with the time of the one behind it."""
    for picture, behind in pairwise(chain(pictures, (None,))):
        assert picture is not None
        yield picture, None if behind is None else behind.pts


def open_file(
    address: str | Path,
    *,
    deinterlace: bool = True,
    pass_through: bool = True,
    warnings: Tally | None = None,
) -> FileSource:
    """Open a recording; see `FileSource`."""
    return FileSource(
        address, deinterlace=deinterlace, pass_through=pass_through, warnings=warnings
    )
