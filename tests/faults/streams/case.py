"""From a number to a damaged recording and the command that reads it: always the same."""

import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av

from tests.faults.streams import damage, packets
from tests.faults.streams.bases import BASES, Base, write_base
from tests.faults.streams.stamps import change_times

BYTES = (
    *(damage.flip_bits,) * 3,
    *(damage.damage_header,) * 2,
    *(damage.damage_numbers,) * 2,
    *(damage.truncate,) * 2,
    damage.lose_head,
    damage.overwrite,
    damage.cut_out,
    damage.insert,
    damage.swap,
)
PACKETS = (
    packets.drop,
    packets.lose_start,
    packets.repeat,
    packets.exchange,
    packets.spoil,
    packets.shorten,
    packets.jump,
)

WAYS = (
    (("-o", "out.mp4"), ("--codec", "ffv1", "--no-overlay")),
    (("-o", "out.mp4"), ("--codec", "ffv1", "--no-overlay")),
    (("-o", "out.mp4"), ("--codec", "ffv1", "--no-overlay", "--no-deinterlace")),
    (("-o", "out.mkv"), ("--codec", "ffv1", "--no-overlay")),
    (("-o", "out.mp4"), ("--preset", "ultrafast", "--masks")),
    (("-o", "out.mp4"), ("--preset", "ultrafast", "--redact", "--frames", "7")),
    (("-o", "out.mkv"), ("--preset", "ultrafast", "--mask-images", "--no-report")),
)
"""Most of them without loss, so that what comes out can be held against what went in."""


@dataclass(frozen=True)
class Case:
    """A damaged recording.

    Attributes:
        number: gives it again.
        said: what it is and what was done to it.
        path: the file.
        words: of the command.
        whole: the recording before, where its decoder does not say what it makes up: of MJPEG
            only pictures that are as they were are told from others.
    """

    number: int
    said: str
    path: Path
    words: tuple[str, ...]
    whole: Path | None

    @property
    def output(self) -> str:
        """Name of the annotated recording."""
        return self.words[self.words.index("-o") + 1]

    @property
    def lossless(self) -> bool:
        """Whether what comes out equals what went in."""
        return "--no-overlay" in self.words


class Cases:
    """Makes cases of bases that it writes once."""

    def __init__(self, folder: Path, bases: tuple[Base, ...] = BASES) -> None:
        self._folder = folder
        self._bases = bases
        for number, base in enumerate(bases):
            path = self._path(number)
            if not path.exists():
                write_base(base, path)

    def case(self, number: int, folder: Path) -> Case:
        """Write a damaged recording.

        Args:
            number: from 0; decides everything.
            folder: for the file.
        """
        rng = random.Random(f"stream {number}")
        place = rng.randrange(len(self._bases))
        base, whole = self._bases[place], self._path(place)
        path = folder / f"in{base.suffix}"
        done = []
        kind = rng.choices(("bytes", "packets", "times", "both"), (50, 25, 20, 5))[0]
        if kind in ("packets", "both"):
            change = rng.choice(PACKETS)
            try:
                done.append(packets.remux(whole, path, change, rng))
            except av.FFmpegError as refused:  # the muxer wants none of it
                done.append(f"{change.__name__} not written: {refused.strerror}")
                path.write_bytes(whole.read_bytes())
        else:
            path.write_bytes(whole.read_bytes())
        content = bytearray(path.read_bytes())
        changes = [partial(change_times, suffix=base.suffix)] * (kind == "times")
        changes += [rng.choice(BYTES)] * (kind in ("bytes", "both"))
        for change_bytes in changes:
            done.append(change_bytes(content, rng=rng))
        path.write_bytes(content)
        output, options = rng.choice(WAYS)
        words = ("process", path.name, *output, "-w", "fixed:", *options)
        kept = whole if base.codec == "mjpeg" else None
        return Case(number, f"{base.name}: {'; '.join(done)}", path, words, kept)

    def _path(self, number: int) -> Path:
        return self._folder / f"base{number:02}{self._bases[number].suffix}"
