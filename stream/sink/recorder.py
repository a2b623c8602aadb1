"""A recording out: annotated frames, exact times, sound untouched, never half-written.

A recording grows under `NAME.partial.EXT`, playable at every moment, and gets its name when
it is whole. Frames that change in size, layout or colour go on in `NAME.part2.EXT`, and so on.
"""

import math
from dataclasses import replace
from fractions import Fraction
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from av.packet import Packet

from stream.errors import OutputExistsError, SinkError
from stream.finishing import part_of
from stream.frame import Frame
from stream.parameters import StreamParameters
from stream.sink.containers import MKV_UNIT, accepted, check_container
from stream.sink.encoder import SOFTWARE, Encoder, formats_of
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.part import Part
from stream.sink.remux import give_name
from stream.tally import Tally

INEXACT_TIME = "a frame's time lies between two units of the recording and was rounded"


class Recorder:
    """Writes one recording.

    Leave it by `close` (or the end of its `with`) and the recording has its name; leave it
    by `abort` (or an exception) and what there is stays under its partial name, playable.
    """

    def __init__(
        self,
        path: Path,
        *,
        parameters: StreamParameters,
        settings: EncoderSettings | None = None,
        overwrite: bool = False,
        warnings: Tally | None = None,
    ) -> None:
        """Check everything that can be checked before the first frame.

        Args:
            path: where the recording goes: .mp4, .mov or .mkv.
            parameters: of the source; a stream to pass through must still be open here.
            settings: of the encoding.
            overwrite: replace a file of this name.
            warnings: counts what could not be kept as it was.

        Raises:
            OutputExistsError: the file exists and may not be replaced.
            SinkError: the folder, container or codec cannot be used.
        """
        self._path = path
        self._parameters = parameters
        self._settings = settings if settings is not None else EncoderSettings()
        self._overwrite = overwrite
        self._warnings = warnings if warnings is not None else Tally()
        check_container(path, self._settings.codec)
        formats_of(SOFTWARE[self._settings.codec])
        if not path.parent.is_dir():
            raise SinkError(f"{path}: there is no folder {path.parent}")
        if path.is_dir():
            raise SinkError(f"{path}: is a folder")
        if path.exists() and not overwrite:
            raise OutputExistsError(f"{path}: exists already: choose another name, or -y")
        if path.suffix.lower() == ".mkv" and (parameters.time_base / MKV_UNIT).denominator != 1:
            self._warnings.add(".mkv rounds times to 1 ms: .mp4 keeps them exact")
        self._passed = {
            stream.index: stream
            for stream in accepted(parameters.passed_through, path, self._warnings)
        }
        self._parts: list[Part] = []
        self._ahead: list[tuple[int, Packet[Any]]] = []
        self._shift = Fraction(0)

    @property
    def frames(self) -> int:
        """How many frames were written, over all files."""
        return sum(part.frames for part in self._parts)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The final names of the files until now, in order of time."""
        return tuple(part.final for part in self._parts)

    @property
    def encoder(self) -> Encoder | None:
        """What encodes the latest of them; None before the first frame."""
        return self._parts[-1].encoder if self._parts else None

    def write(self, frame: Frame) -> None:
        """Encode a frame and write it at its time, which must be later than the last one's.

        Raises:
            SinkError: the encoder or the file fails.
        """
        if not self._parts:
            self._shift_to_zero(frame)
        frame = self._placed(frame)
        part = self._parts[-1] if self._parts else None
        if part is None or not part.takes(frame):
            part = self._next_part(frame)
        part.write(frame)

    def write_packet(self, packet: "Packet[Any]") -> None:
        """Pass on a packet of sound or subtitles; one whose stream is left out is ignored."""
        index = packet.stream_index
        if index not in self._passed:
            return
        for stored in self._passed[index].prepared(packet):
            if self._parts:
                self._parts[-1].pass_on(index, self._moved(stored))
            else:
                self._ahead.append((index, stored))

    def close(self) -> tuple[Path, ...]:
        """Finish the recording and give its files their names.

        Returns:
            The files, in order of time; none if no frame was written.

        Raises:
            SinkError: the last of it cannot be written; it stays under its partial name.
        """
        parts, self._parts = self._parts, []
        if not parts:
            return ()
        try:
            parts[-1].finish()
        except BaseException:  # a signal, too: what is open is closed before all else
            parts[-1].abandon()
            raise
        for part in parts:
            rewritten = give_name(
                part.partial,
                part.final,
                self._parameters.time_base,
                late=part.late,
                overwrite=self._overwrite,
            )
            if not rewritten:
                self._warnings.add(
                    f"{part.final}: stays in fragments, which are slower to seek in: "
                    "rewriting would have changed its times"
                )
        return tuple(part.final for part in parts)

    def abort(self) -> None:
        """Close what there is, playable, and leave it under its partial name."""
        parts, self._parts = self._parts, []
        if parts:
            parts[-1].abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _placed(self, frame: Frame) -> Frame:
        """The frame with its time in the recording's unit, not before zero."""
        unit = self._parameters.time_base
        if frame.time_base == unit and not self._shift:
            return frame
        pts = (frame.seconds + self._shift) / unit
        if pts.denominator != 1:
            self._warnings.add(INEXACT_TIME)
        return replace(frame, pts=round(pts), time_base=unit)

    def _moved(self, packet: "Packet[Any]") -> "Packet[Any]":
        """The packet, its time moved as the frames' are."""
        if self._shift and packet.dts is not None and packet.time_base:
            ticks = round(self._shift / packet.time_base)
            packet.dts += ticks
            packet.pts = packet.dts if packet.pts is None else packet.pts + ticks
        return packet

    def _shift_to_zero(self, first: Frame) -> None:
        """Move everything where the first picture lies before zero, which no container holds."""
        if first.seconds < 0:
            unit = self._parameters.time_base
            self._shift = math.ceil(-first.seconds / unit) * unit
            self._warnings.add(
                f"the recording starts at {float(first.seconds):.3f} s, which no container can "
                f"hold: all times are moved by {float(self._shift):.3f} s"
            )
            self._ahead = [(index, self._moved(packet)) for index, packet in self._ahead]

    def _next_part(self, frame: Frame) -> Part:
        """Finish the file so far, if there is one, and begin the next."""
        if self._parts:
            before, picture = self._parts[-1], frame.picture
            self._ahead = before.take_from(frame.seconds)
            before.finish()
            self._warnings.add(
                f"the picture changes to {picture.width}x{picture.height} {picture.layout.name} "
                f"after {self.frames} frames: the recording goes on in a new file"
            )
        part = Part(
            self._name(len(self._parts) + 1),
            frame,
            parameters=self._parameters,
            settings=self._settings,
            passed=tuple(self._passed.values()),
            warnings=self._warnings,
        )
        self._parts.append(part)
        ahead, self._ahead = self._ahead, []
        for index, packet in ahead:
            part.pass_on(index, packet)
        return part

    def _name(self, number: int) -> Path:
        """Name of the n-th file; one that exists and may not be replaced is passed over."""
        if number == 1:
            return self._path
        taken = {part.final for part in self._parts}
        names = (part_of(self._path, further) for further in count(number))
        return next(
            path for path in names if path not in taken and (self._overwrite or not path.exists())
        )
