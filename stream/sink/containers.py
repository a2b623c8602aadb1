"""Which containers are written, with which options, and what each can hold."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
from av.bitstream import BitStreamFilterContext
from av.packet import Packet
from av.stream import Disposition, Stream

from stream.errors import SinkError
from stream.tally import Tally

FORMATS: Mapping[str, str] = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""What keeps times exact (mkv: to 1 ms) and can be played while it grows."""

CODECS: Mapping[str, tuple[str, ...]] = {
    ".mp4": ("h264", "hevc", "av1", "ffv1"),
    ".mov": ("h264", "hevc"),
    ".mkv": ("h264", "hevc", "av1", "ffv1"),
}

FRAGMENT_SECONDS = Fraction(1, 5)
"""Media time in one fragment: what a killed recording loses beside the encoder's delay."""

WAIT_FOR_SOUND_SECONDS = Fraction(1, 10)
"""How long the muxer keeps a packet while it waits for one of the other streams."""

MOVIE_TIMESCALE = 90000
"""Units a second in which mp4 stores start offsets; its default of 1000 rounds them."""

EMPTY_MOV_TEXT = 2
"""Size of a subtitle that shows nothing; the muxer writes its own between the others."""

MKV_UNIT = Fraction(1, 1000)


@dataclass(frozen=True)
class PassedStream:
    """A stream of sound or subtitles that goes along untouched.

    Attributes:
        index: of the stream in its source: its packets carry it.
        template: a copy that outlives the source.
        start: seconds at which it starts, or None where nobody knows.
        metadata: language and title, as the source has them.
        disposition: FFmpeg's flags (default, forced, ...).
        keeper: container that owns the copy.
        unframed: takes AAC out of its ADTS frames, which MPEG-TS has and no container here. What
            it says of the sound comes with the first packet alone, and each file needs it.
    """

    index: int
    template: Stream
    start: Fraction | None
    metadata: Mapping[str, str]
    disposition: Disposition
    keeper: av.container.OutputContainer
    unframed: BitStreamFilterContext | None = None

    def prepared(self, packet: "Packet[Any]") -> "list[Packet[Any]]":
        """The packet as it is stored; none where it is damaged.

        Its stream's index is lost on the way.
        """
        if self.template.name == "mov_text" and packet.size == EMPTY_MOV_TEXT:
            return []
        if self.unframed is None:
            return [packet]
        unit = packet.time_base
        try:
            bare = self.unframed.filter(packet)
        except av.FFmpegError:
            return []
        for stored in bare:
            if unit is not None:
                stored.time_base = unit
            if stored.has_sidedata("new_extradata") and self.template.codec_context is not None:
                said: Any = stored.get_sidedata("new_extradata")
                self.template.codec_context.extradata = bytes(said)
        return bare

    def add_to(self, container: av.container.OutputContainer) -> Stream:
        """Declare this stream in another container."""
        added = container.add_stream_from_template(self.template, opaque=True)
        ours, theirs = self.template.codec_context, added.codec_context
        if self.unframed is not None and ours is not None and theirs is not None:
            theirs.extradata = ours.extradata
        added.metadata.update(self.metadata)
        added.disposition = self.disposition
        return added


def check_container(path: Path, codec: str) -> None:
    """Refuse a file name whose container cannot do what is asked of it.

    Raises:
        SinkError: says what can.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise SinkError(
            f"{path}: {suffix or 'a name without suffix'} is no container for a recording: "
            f"name it {' or '.join(FORMATS)}"
        )
    if codec not in CODECS[suffix]:
        able = " or ".join(other for other, codecs in CODECS.items() if codec in codecs)
        raise SinkError(f"{path}: {suffix} cannot hold {codec}: name it {able}")


def options_while_growing(suffix: str, time_base: Fraction) -> dict[str, str]:
    """Muxer options that make a file playable at every moment of its growth."""
    wait = str(int(WAIT_FOR_SOUND_SECONDS * 1_000_000))
    options = {"flush_packets": "1", "max_interleave_delta": wait}
    if FORMATS[suffix] == "matroska":
        # A negative start (sound's priming) stays negative instead of moving everything.
        milliseconds = str(int(FRAGMENT_SECONDS * 1000))
        return options | {"cluster_time_limit": milliseconds, "avoid_negative_ts": "disabled"}
    return options | {
        "movflags": "frag_keyframe+delay_moov+default_base_moof+write_colr",
        "frag_duration": str(int(FRAGMENT_SECONDS * 1_000_000)),
        "movie_timescale": str(movie_timescale(time_base)),
    }


def movie_timescale(time_base: Fraction) -> int:
    """Units a second for start offsets: never coarser than the pictures' own."""
    return max(MOVIE_TIMESCALE, time_base.denominator)


def accepted(streams: Iterable[Stream], path: Path, warnings: Tally) -> tuple[PassedStream, ...]:
    """Those of a source's streams that a container can hold; one line for each other."""
    suffix = path.suffix.lower()
    taken = []
    for stream in streams:
        keeper = _copy_into(FORMATS[suffix], stream)
        if keeper is None:
            able = [other for other in FORMATS if other != suffix and _holds(other, stream)]
            codec = stream.codec_context.name if stream.codec_context else "an unknown codec"
            kind = "subtitles" if stream.type == "subtitle" else "sound"
            hint = f": {' or '.join(able)} can" if able else ""
            warnings.add(f"{suffix} cannot hold {kind} in {codec}, it is left out{hint}")
            continue
        start, unit = stream.start_time, stream.time_base
        taken.append(
            PassedStream(
                index=stream.index,
                template=keeper.streams[0],
                start=start * unit if start is not None and unit is not None else None,
                metadata=dict(stream.metadata),
                disposition=stream.disposition,
                keeper=keeper,
                unframed=_unframing(stream),
            )
        )
    return tuple(taken)


def _unframing(stream: Stream) -> BitStreamFilterContext | None:
    """What takes AAC out of ADTS frames, where it comes in them: it then has no header."""
    context = stream.codec_context
    if context is None or context.name != "aac" or context.extradata:
        return None
    return BitStreamFilterContext("aac_adtstoasc", in_stream=stream)


def _holds(suffix: str, stream: Stream) -> bool:
    return _copy_into(FORMATS[suffix], stream) is not None


def _copy_into(format_name: str, stream: Stream) -> av.container.OutputContainer | None:
    """A container in memory with a copy of the stream, or None where it cannot hold it."""
    keeper = av.open(io.BytesIO(), "w", format=format_name)
    try:
        keeper.add_stream_from_template(stream, opaque=True)
        # Some refusals only come with the header, and a header is written once.
        with av.open(io.BytesIO(), "w", format=format_name) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return None
    return keeper
