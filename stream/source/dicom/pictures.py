"""A DICOM file whose pixel data is pictures, one behind the other: JPEG and its kin, or plain."""

import bisect
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from math import lcm
from types import TracebackType
from typing import Any, Self

from av.packet import Packet

from stream.errors import BrokenOffError, SourceError
from stream.frame import Frame, frame_of
from stream.parameters import StreamParameters
from stream.source.conversion import Conversion
from stream.source.dicom.coded import coded_pictures, plain_pictures
from stream.source.dicom.header import Header
from stream.source.dicom.kinds import CODECS
from stream.tally import Tally

USUAL_RATE = Fraction(25)
"""Pictures a second where the file says nothing."""

FINEST = 1_000_000
"""Units of time a second, where times need more than that to be exact: then they are rounded."""

UNREADABLE = "a picture could not be read and was left out"
TIMELESS = "its DICOM header says no times of its pictures: 25 a second are assumed"


class DicomPictures:
    """Pictures of a DICOM file as frames, each at the time that the file gives it.

    A picture that cannot be read is left out with a counted warning, and its moment stays
    empty. Attributes are those of a `FileSource`, and these.

    Attributes:
        header: what the file says of its pictures.
        turned: never.
    """

    turned = False

    def __init__(self, header: Header, *, warnings: Tally | None = None) -> None:
        """Find the pictures and read the first.

        Args:
            header: of the file.
            warnings: counts what cannot be read.

        Raises:
            SourceError: there are none, or none that can be read.
        """
        self.header = header
        self.warnings = warnings if warnings is not None else Tally()
        self.broken_off: BrokenOffError | None = None
        self.name = header.path.name
        self.encoding = f"{header.syntax_name}, in DICOM ({header.kind})"
        self.frame_count: int | None = header.frames
        self._times, self.time_base, self.rate = _timed(header, self.warnings)
        self.duration: Fraction | None = header.frames / self.rate
        self.parameters = StreamParameters(time_base=self.time_base, rate=self.rate)
        self._conversion = Conversion(self.warnings)
        self._file = header.path.open("rb")
        try:
            self._frames = self._read_all()
            self._first: Frame | None = self._read_first()
        except BaseException:
            self._file.close()
            raise

    def _read_first(self) -> Frame:
        first = next(self._frames, None)
        if first is None:
            raise SourceError(
                f"{self.header.path}: not one of its {self.header.frames} pictures can be read: "
                "the file is damaged, or breaks off before its first picture"
            )
        self.width, self.height = first.picture.width, first.picture.height
        return first

    def __iter__(self) -> Iterator[Frame]:
        """Every picture that can be read, in order; afterwards look at `broken_off`."""
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def _read_all(self) -> Iterator[Frame]:
        read = coded_pictures if self.header.syntax in CODECS else plain_pictures
        index = place = 0
        for place, decoded in enumerate(read(self._file, self.header), 1):
            if place > self.header.frames:
                break
            if decoded is None:
                self.warnings.add(UNREADABLE)
                continue
            shown = self._conversion.to_travel(decoded)
            yield frame_of(shown, index, self._times[place - 1], self.time_base)
            index += 1
        if place < self.header.frames:
            self.broken_off = BrokenOffError(
                f"{self.header.path} breaks off: its {index} pictures before that were delivered, "
                f"{self.header.frames - place} are missing"
            )

    def number_of(self, frame: Frame) -> int:
        """A frame's number in the file, from 1, by which other DICOM objects refer to it."""
        return bisect.bisect_left(self._times, frame.pts) + 1

    def take_packets(self) -> "list[Packet[Any]]":
        """Nothing: pictures have no sound."""
        return []

    def close(self) -> None:
        """Leave the pictures that were not read unread."""
        self._frames = iter(())
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _timed(header: Header, warnings: Tally) -> tuple[list[int], Fraction, Fraction]:
    """Each picture's time in units of a time base, that base, and pictures a second."""
    steps = header.increments[1:]
    if not steps:
        if header.frame_time is None and header.frames > 1:
            warnings.add(TIMELESS)
        steps = (header.frame_time or 1 / USUAL_RATE,) * max(1, header.frames - 1)
    if min(steps) <= 0:
        raise SourceError(f"{header.path}: its DICOM header has pictures that go back in time")
    units = min(lcm(*(step.denominator for step in set(steps))), FINEST)
    seconds = accumulate(steps[: header.frames - 1], initial=Fraction(0))
    times = [round(second * units) for second in seconds]
    return times, Fraction(1, units), len(steps) / sum(steps, Fraction(0))
