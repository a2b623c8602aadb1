"""What comes out of a live source, in the order it came: what it gives, packets, frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeAlias

from stream.frame import Frame
from stream.parameters import UNSPECIFIED, StreamParameters
from stream.source.opening import USUAL_RATE


@dataclass(frozen=True, slots=True)
class GivenFormat:
    """What a driver or a stream really gives, which may not be what was asked for.

    Attributes:
        segment: counts connections and changes of size, from 1.
        width: luma columns of the frames.
        height: luma rows.
        layout: name of the frames' layout.
        pixel_format: as the device or decoder gave it, FFmpeg's name.
        codec: FFmpeg's name; "rawvideo" where the device sends samples.
        rate: frames a second as the source says, or None where it says nothing.
        time_base: seconds per unit of `pts` of frames and packets.
        sample_aspect_ratio: width of a sample divided by its height.
        matrix_tag, primaries, transfer: the source's own colour tags (ITU-T H.273).
        deinterlace_delay_s: by how much making whole pictures of fields delays them; 0 where
            nothing has to be made whole.
        extradata: what a decoder needs beside the packets; empty where there is nothing.
        has_packets: whether compressed packets come beside the frames.
        remark: what else the driver said, for people.
    """

    segment: int
    width: int
    height: int
    layout: str
    pixel_format: str
    codec: str
    rate: Fraction | None
    time_base: Fraction
    sample_aspect_ratio: Fraction = Fraction(1)
    matrix_tag: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    deinterlace_delay_s: float = 0.0
    extradata: bytes = b""
    has_packets: bool = False
    remark: str = ""

    @property
    def parameters(self) -> StreamParameters:
        """What a recorder needs beside the frames."""
        return StreamParameters(
            time_base=self.time_base,
            rate=self.rate or USUAL_RATE,
            sample_aspect_ratio=self.sample_aspect_ratio,
            matrix_tag=self.matrix_tag,
            primaries=self.primaries,
            transfer=self.transfer,
        )

    def __str__(self) -> str:
        """In a few words: `1920x1080 h264 29.97 fps`."""
        rate = "" if self.rate is None else f" {float(self.rate):.5g} fps"
        return f"{self.width}x{self.height} {self.codec}{rate}"


@dataclass(frozen=True, slots=True)
class CapturedPacket:
    """A compressed packet of the video, as it arrived.

    Attributes:
        index: counts packets since the start; where it skips, packets were lost.
        content: the packet's bytes.
        pts: presentation time in units of `time_base`, or None.
        dts: decoding time, or None.
        duration: in the same units, 0 where it is not known.
        time_base: seconds per unit.
        is_keyframe: whether a decoder can begin here.
        segment: of the `GivenFormat` it belongs to.
        arrived_at: monotonic seconds.
    """

    index: int
    content: bytes
    pts: int | None
    dts: int | None
    duration: int
    time_base: Fraction
    is_keyframe: bool
    segment: int
    arrived_at: float


Arrival: TypeAlias = GivenFormat | CapturedPacket | Frame


class LiveSource(Protocol):
    """An open live source."""

    def __iter__(self) -> Iterator[Arrival]:
        """All that arrives, in order; a `GivenFormat` before the first frame and each change.

        Ends where the source has an end.

        Raises:
            SourceError: the source is lost.
        """

    def is_connected(self) -> bool | None:
        """The driver's word on whether there is a signal; None where it has none.

        May be called from another thread than the one that iterates.
        """

    def close(self) -> None:
        """Let go of the device or connection."""
