"""Giving a finished recording its name: an mp4 is rewritten once, its index in front."""

import heapq
import os
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from stream.errors import OutputExistsError, SinkError
from stream.finishing import reason_of
from stream.sink.containers import FORMATS, PassedStream, movie_timescale
from stream.sink.part import seconds_of


class TimesChangedError(SinkError):
    """A rewritten recording does not have the times that it had."""


def give_name(
    partial: Path,
    final: Path,
    time_base: Fraction,
    *,
    late: "Sequence[tuple[PassedStream, Packet[Any]]]" = (),
    overwrite: bool = False,
    rewriting: bool = True,
) -> bool:
    """Let a finished recording appear under its name, an mp4 with its index in front.

    Where the copy would not have the same times, as can be with a damaged source, the recording
    stays in fragments.

    Args:
        partial: the recording as it grew.
        final: its name.
        time_base: of the pictures.
        late: packets to be merged in, of streams that `partial` does not have.
        overwrite: replace a file of that name.
        rewriting: whether there is room for a copy; without one an mp4 stays in fragments,
            which play as well and are slower to seek in.

    Returns:
        Whether the file is as it should be: not an mp4 in fragments that could not be rewritten.

    Raises:
        OutputExistsError: a file of that name has appeared and may not be replaced.
        SinkError: it cannot be finished; what there is stays under the partial name.
    """
    if final.exists() and not overwrite:
        raise OutputExistsError(
            f"{final}: has appeared meanwhile: the recording is kept in {partial}"
        )
    rewritten = final.with_name(f"{final.stem}.rewrite.partial{final.suffix}")
    try:
        if final.suffix.lower() != ".mkv" and rewriting:
            try:
                rewrite(partial, rewritten, time_base, late)
            except TimesChangedError:
                if late:
                    raise  # they are nowhere else
            else:
                rewritten.replace(final)
                partial.unlink()
                return True
        flush_to_disk(partial)
        partial.replace(final)
        return final.suffix.lower() == ".mkv" or not rewriting
    except (av.FFmpegError, OSError) as problem:
        raise SinkError(
            f"{final}: cannot be finished: {reason_of(problem)}: "
            f"the whole recording is in {partial}"
        ) from problem
    finally:
        with suppress(OSError):
            rewritten.unlink(missing_ok=True)


def rewrite(
    partial: Path,
    target: Path,
    time_base: Fraction,
    late: "Sequence[tuple[PassedStream, Packet[Any]]]" = (),
) -> None:
    """Copy the packets of a fragmented file, times and all, into one with its index in front.

    Args:
        partial: the finished fragmented file.
        target: the file to write; replaced if it exists.
        time_base: of the pictures.
        late: packets to be merged in, of streams that `partial` does not have.

    Raises:
        TimesChangedError: what was written does not have the times of what was read.
    """
    options = {
        "movflags": "faststart+write_colr",
        "movie_timescale": str(movie_timescale(time_base)),
    }
    format_name = FORMATS[partial.suffix.lower()]
    times: dict[int, array[int]] = {}
    with av.open(f"file:{partial}") as source:
        with av.open(f"file:{target}", "w", format=format_name, container_options=options) as copy:
            copy.metadata.update(source.metadata)
            copied = [_copy_of(stream, copy) for stream in source.streams]
            added = {passed.index: passed.add_to(copy) for passed, _ in late}
            times = {stream.index: array("q") for stream in copied}
            theirs = ((seconds_of(packet), added[passed.index], packet) for passed, packet in late)
            for _, stream, packet in heapq.merge(
                _packets(source, copied), theirs, key=lambda item: item[0]
            ):
                if stream.index in times:
                    times[stream.index].append(packet.dts or 0)
                packet.stream = stream
                copy.mux(packet)
        _check(target, source, times)
    flush_to_disk(target)


def flush_to_disk(path: Path) -> None:
    """Wait until a file is on the disk and not only in memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _copy_of(stream: Stream, copy: OutputContainer) -> Stream:
    """Declare a stream of the fragmented file in the new one."""
    added = copy.add_stream_from_template(stream, opaque=True)
    added.metadata.update(stream.metadata)
    added.disposition = stream.disposition
    return added


def _packets(
    source: InputContainer, copied: list[Stream]
) -> "Iterator[tuple[float, Stream, Packet[Any]]]":
    """Packets of the fragmented file with their time and new stream."""
    for packet in source.demux():
        if packet.dts is not None:
            yield seconds_of(packet), copied[packet.stream_index], packet


def _check(target: Path, source: InputContainer, times: "dict[int, array[int]]") -> None:
    """Compare the new file's index with the packets that went in."""
    with av.open(f"file:{target}") as written:
        filled = [index for index, found in times.items() if found]  # others have no track
        for stream, index in zip(written.streams, filled, strict=False):
            expected = times[index]
            found = array("q", (entry.timestamp for entry in stream.index_entries))
            if found != expected or stream.time_base != source.streams[index].time_base:
                raise TimesChangedError(
                    f"{target}: rewriting changed the times of stream {index}: "
                    "the whole recording is kept under its partial name"
                )
