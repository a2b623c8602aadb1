"""A DICOM file whose pixel data is a video: MPEG-2, H.264 or HEVC in whatever container."""

from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import av
import av.container
from av.packet import Packet

from stream.errors import BrokenOffError, SourceError
from stream.frame import Frame
from stream.source.dicom.fragments import Joined, find_fragments
from stream.source.dicom.header import Header
from stream.source.file import FileSource
from stream.tally import Tally

RAW = ("h264", "hevc", "mpegvideo")
"""Demuxers of streams without a container, whose pictures bear no times."""

READ_AHEAD = 1 << 20


class DicomVideo:
    """A video in a DICOM file; attributes are those of a `FileSource`, and these.

    Attributes:
        header: what the file says of its pictures.
        turned: whether frames were turned to stand upright.
    """

    def __init__(
        self, header: Header, *, deinterlace: bool = True, warnings: Tally | None = None
    ) -> None:
        """Open the video and decode its first picture.

        Args:
            header: of the file.
            deinterlace: make whole pictures of frames that are flagged as fields.
            warnings: counts what is wrong with it.

        Raises:
            SourceError: it is empty or damaged, or no picture in it can be decoded.
        """
        self.header = header
        self._whole = True
        self._streams: list[Joined] = []
        try:
            self._video = FileSource(
                header.path, deinterlace=deinterlace, warnings=warnings, opener=self._open
            )
        except BaseException:
            self._close_streams()
            raise
        video = self._video
        self.warnings, self.name = video.warnings, video.name
        self.width, self.height, self.turned = video.width, video.height, video.turned
        self.time_base, self.rate = video.time_base, video.rate
        self.duration = video.duration or header.frames / video.rate
        self.encoding = f"{video.encoding}, in DICOM ({header.kind})"
        self.frame_count: int | None = header.frames
        # What a container says of itself may name the patient.
        self.parameters = replace(video.parameters, metadata={})
        self.broken_off: BrokenOffError | None = None

    def __iter__(self) -> Iterator[Frame]:
        """Every frame, in presentation order; afterwards look at `broken_off`."""
        count, last = 0, None
        for frame in self._video:
            count, last = count + 1, frame
            yield frame
        self.broken_off = self._video.broken_off
        missing = self.header.frames - count
        if self.broken_off is None and not self._whole and missing > 0:
            reached = f" at {float(last.seconds):.2f} s" if last is not None else ""
            self.broken_off = BrokenOffError(
                f"{self.header.path} breaks off{reached}: "
                f"all {count} frames before that were delivered, {missing} are missing"
            )
        elif self.broken_off is None and missing:
            self.warnings.add(
                f"its DICOM header says {self.header.frames} frames, but {count} came out"
            )

    def number_of(self, frame: Frame) -> int:
        """A frame's number in the file, from 1, by which other DICOM objects refer to it."""
        return frame.index + 1

    def take_packets(self) -> "list[Packet[Any]]":
        """Packets of sound and subtitles read since the last call."""
        return self._video.take_packets()

    def _open(self) -> av.container.InputContainer:
        """The video's container."""
        file = self.header.path.open("rb")
        try:
            found = find_fragments(file, self.header)
        except BaseException:
            file.close()
            raise
        stream = Joined(file, found)
        self._streams.append(stream)
        self._whole = found.whole
        try:
            container = _opened(stream)
            rate = self.header.frame_time and 1 / self.header.frame_time
            if container.format.name in RAW and rate is not None:
                container.close()
                stream.seek(0)
                container = _opened(stream, container.format.name, {"framerate": str(rate)})
        except (av.FFmpegError, OSError, ValueError) as problem:
            why = "damaged, or encrypted" if found.whole else "it breaks off before its end"
            raise SourceError(f"{self.header.path}: its video cannot be read: {why}") from problem
        return container

    def _close_streams(self) -> None:
        for stream in self._streams:
            stream.close()

    def close(self) -> None:
        """Let go of the file; frames already handed out stay valid."""
        self._video.close()
        self._close_streams()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _opened(
    stream: Joined, form: str | None = None, options: dict[str, str] | None = None
) -> av.container.InputContainer:
    return av.open(
        stream, "r", format=form, options=options, metadata_errors="replace", buffer_size=READ_AHEAD
    )
