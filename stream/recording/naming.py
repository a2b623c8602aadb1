"""A file that is whole gets its name, in a process of its own where that takes long."""

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

from stream.apart import Apart
from stream.errors import SinkError
from stream.finishing import partial_of
from stream.recording.disk import DiskGuard
from stream.recording.segments import SegmentFile
from stream.sink.remux import give_name


@dataclass(frozen=True, slots=True)
class Naming:
    """Gives a file that is whole its name.

    Attributes:
        file: of a segment, under its partial name.
        unit: seconds per tick of its times.
        guard: of the disk.
    """

    file: SegmentFile
    unit: Fraction
    guard: DiskGuard

    def __call__(self, apart: Apart) -> None:
        """Put its index in front if there is time, and room for a copy; then rename it."""
        final, partial = self.file.path, partial_of(self.file.path)
        size = partial.stat().st_size
        # As much again for what is recorded meanwhile.
        if self.guard.has_room(2 * size):
            with suppress(SinkError):  # what cannot be rewritten plays as it is
                apart.run(give_name, partial, final, self.unit)
            final.with_name(f"{final.stem}.rewrite.partial{final.suffix}").unlink(missing_ok=True)
        if final.exists() and not partial.exists():
            return
        give_name(partial, final, self.unit, rewriting=False)
