"""One file of a recording while it grows: frames in, packets out, playable throughout."""

import heapq
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import av
from av.packet import Packet
from av.stream import Stream
from av.video.frame import PictureType
from av.video.stream import VideoStream

from stream.errors import SinkError
from stream.finishing import DISK_FULL, partial_of
from stream.frame import TAG_OF_MATRIX, Frame
from stream.parameters import UNSPECIFIED, StreamParameters
from stream.sink.containers import FORMATS, PassedStream, options_while_growing
from stream.sink.durations import Durations
from stream.sink.encoder import choose_encoder
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.fitting import Fitting
from stream.sink.hardware import hardware_encoder
from stream.tally import Tally
from stream.threads import undisturbed

LATE_SECONDS = Fraction(1, 2)
"""Sound that starts later than this behind the picture is late: an mp4 writes no index, and
so nothing that could be played, before each of its streams has had a packet."""

TOO_CLOSE = "a packet of sound came in the same unit of time as the one before and was left out"

FASTEST_SENSIBLE = 240
"""Frames per second above which a rate is a container's invention, and encoders refuse it."""


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with a file into a `SinkError` that says it in one line."""
    try:
        yield
    except (av.FFmpegError, OSError) as problem:
        if problem.errno in DISK_FULL:
            raise SinkError(
                f"{path}: the disk is full: what was recorded until now is kept there"
            ) from problem
        raise SinkError(f"{path}: cannot be written: {problem.strerror}") from problem


def seconds_of(packet: "Packet[Any]") -> float:
    """When a packet is decoded, near enough to put packets in order."""
    assert packet.dts is not None and packet.time_base is not None
    return float(packet.dts * packet.time_base)


class Part:
    """A file under its partial name, from its first frame until it is finished.

    Attributes:
        final: the name the file gets when all is well.
        partial: the name it has until then.
        frames: how many were written.
        late: packets that an mp4 cannot take before it is rewritten, with their stream.
        encoder: that encodes the pictures.
    """

    def __init__(
        self,
        final: Path,
        first: Frame,
        *,
        parameters: StreamParameters,
        settings: EncoderSettings,
        passed: tuple[PassedStream, ...],
        warnings: Tally,
    ) -> None:
        """Open the encoder and the file.

        Raises:
            SinkError: the encoder or the file cannot be opened.
        """
        self.final = final
        self.partial = partial_of(final)
        self.frames = 0
        self.late: list[tuple[PassedStream, Packet[Any]]] = []
        self._kind = _kind(first)
        self._waiting: list[tuple[float, int, int, Packet[Any]]] = []
        self._last: av.VideoFrame | None = None
        self._number = count()
        self._ticks: dict[int, int] = {}
        self._warnings = warnings
        suffix = final.suffix.lower()
        with one_line(self.partial):
            self._container = av.open(
                f"file:{self.partial}",
                "w",
                format=FORMATS[suffix],
                container_options=options_while_growing(suffix, parameters.time_base),
            )
            self._container.metadata.update(parameters.metadata)
            self._video = self._add_video(first, parameters, settings, warnings)
            self._passed = {stream.index: stream for stream in passed}
            self._targets = {
                stream.index: stream.add_to(self._container)
                for stream in passed
                if suffix == ".mkv" or _in_time(stream, first)
            }
            # A file without sound ends its fragments by the picture's own next packet.
            by_duration = bool(self._targets) and suffix != ".mkv"
            self._durations = Durations() if by_duration else None
            self._start()

    def _add_video(
        self,
        first: Frame,
        parameters: StreamParameters,
        settings: EncoderSettings,
        warnings: Tally,
    ) -> VideoStream:
        """Declare the pictures, with everything a player has to know about them."""
        picture = first.picture
        rate = self._rate = min(parameters.rate, Fraction(FASTEST_SENSIBLE))
        hardware = hardware_encoder(settings, rate, first) if settings.encoder == "auto" else None
        encoder = hardware or choose_encoder(settings, rate, picture.width * picture.height)
        self._fitting = Fitting(encoder.name, first, warnings)
        self.encoder = encoder
        video = self._container.add_stream(encoder.name, rate=rate, options=dict(encoder.options))
        assert isinstance(video, VideoStream)
        context = video.codec_context
        context.width, context.height = self._fitting.width, self._fitting.height
        context.pix_fmt = self._fitting.format
        context.time_base = parameters.time_base
        context.sample_aspect_ratio = parameters.sample_aspect_ratio
        context.gop_size = encoder.keyframe_interval
        context.thread_type, context.thread_count = encoder.thread_type, encoder.thread_count
        if encoder.bitrate is not None:
            context.bit_rate = encoder.bitrate
        if settings.codec == "hevc" and self.final.suffix.lower() != ".mkv":
            context.codec_tag = "hvc1"  # the form of HEVC in mp4 that every player knows
        tag = parameters.matrix_tag
        context.colorspace = tag if tag != UNSPECIFIED else TAG_OF_MATRIX[picture.colour.matrix]
        context.color_range = 2 if picture.colour.full_range else 1
        context.color_primaries, context.color_trc = parameters.primaries, parameters.transfer
        return video

    def _start(self) -> None:
        """Open the encoder and write the header."""
        try:
            self._video.codec_context.open(strict=False)
        except av.FFmpegError as problem:
            size = f"{self._fitting.width}x{self._fitting.height}"
            raise SinkError(
                f"{self.partial}: {self.encoder.name} refuses {size} in {self._fitting.format}: "
                "choose another --codec"
            ) from problem
        self._container.start_encoding()

    def takes(self, frame: Frame) -> bool:
        """Whether a frame has this file's size, layout and colour."""
        return _kind(frame) == self._kind

    def write(self, frame: Frame) -> None:
        """Encode a frame at its time and write what has come out."""
        native = self._fitting.fit(frame)
        native.pts, native.time_base = frame.pts, frame.time_base
        native.pict_type = PictureType.NONE  # or the source's keyframes would be forced
        with one_line(self.partial):
            self._write_encoded(self._video.encode(native))
        self.frames += 1
        self._last = native if self.frames < self.encoder.fewest else None

    def pass_on(self, index: int, packet: "Packet[Any]") -> None:
        """Take a packet of a passed stream; it is written when the pictures are as far.

        Args:
            index: of its stream in the source.
            packet: of sound or subtitles.
        """
        if index in self._targets:
            item = (seconds_of(packet), next(self._number), index, packet)
            heapq.heappush(self._waiting, item)
        else:
            self.late.append((self._passed[index], packet))

    def take_from(self, seconds: Fraction) -> "list[tuple[int, Packet[Any]]]":
        """Packets passed on but not written that belong to a later file, with their index."""
        later = [(item[2], item[3]) for item in sorted(self._waiting) if item[0] >= seconds]
        self._waiting = [item for item in self._waiting if item[0] < seconds]
        heapq.heapify(self._waiting)
        for stream, packet in self.late:
            if seconds_of(packet) >= seconds:
                later.append((stream.index, packet))
        self.late = [item for item in self.late if seconds_of(item[1]) < seconds]
        return later

    def finish(self) -> None:
        """Write everything that is still inside and close the file, whole.

        Raises:
            SinkError: it cannot be written; what was written until then stays.
        """
        # A signal between the encoder's giving its last pictures and their being written, which
        # a slow encoder makes likely, would lose them.
        undisturbed(self._finish)

    def _finish(self) -> None:
        with one_line(self.partial):
            self._write_encoded(self._rest())
            while self._waiting:
                self._write_passed()
            for packet in self._durations.drain() if self._durations is not None else ():
                self._container.mux(packet)
            self._container.close()

    def _rest(self) -> "list[Packet[VideoStream]]":
        """The pictures that are still in the encoder.

        One that loses them where it was given too few gets more of the last one, from a keyframe
        on, so that nothing kept refers to them; what comes of those is left out.
        """
        last, packets = self._last, []
        if last is None:
            return self._video.encode(None)
        end = last.pts
        assert end is not None and last.time_base is not None
        for number in range(self.encoder.fewest - self.frames):
            last.pts = end + (number + 1) * max(1, round(1 / (self._rate * last.time_base)))
            last.pict_type = PictureType.NONE if number else PictureType.I
            packets += self._video.encode(last)
        packets += self._video.encode(None)
        return [packet for packet in packets if packet.pts is not None and packet.pts <= end]

    def abandon(self) -> None:
        """Close the file as well as it can still be closed; it keeps its partial name."""
        with suppress(SinkError):
            self.finish()
        with suppress(av.FFmpegError, OSError):
            self._container.close()

    def _write_encoded(self, packets: "list[Packet[VideoStream]]") -> None:
        """Write pictures, and before each what was passed on up to its time."""
        for packet in packets:
            seconds = seconds_of(packet)
            while self._waiting and self._waiting[0][0] <= seconds:
                self._write_passed()
            self._mux(packet)

    def _write_passed(self) -> None:
        """Write the earliest of the packets that were passed on."""
        _, _, index, packet = heapq.heappop(self._waiting)
        target: Stream = self._targets[index]
        assert packet.dts is not None and target.time_base is not None
        ticks = round(packet.dts * packet.time_base / target.time_base)
        if self._durations is not None and ticks <= self._ticks.get(index, ticks - 1):
            self._warnings.add(TOO_CLOSE)  # only Matroska would take it
            return
        self._ticks[index] = ticks
        packet.stream = target
        self._mux(packet)

    def _mux(self, packet: "Packet[Any]") -> None:
        """Hand a packet to the muxer, or the one before it where durations count."""
        ready = packet if self._durations is None else self._durations.push(packet)
        if ready is not None:
            self._container.mux(ready)


def _kind(frame: Frame) -> tuple[object, ...]:
    """What must not change within one file."""
    picture = frame.picture
    return picture.width, picture.height, picture.layout, picture.colour


def _in_time(stream: PassedStream, first: Frame) -> bool:
    """Whether a stream has its first packet early enough for an mp4 that grows."""
    if stream.template.type != "audio" or stream.start is None:
        return False
    return stream.start <= first.seconds + LATE_SECONDS
