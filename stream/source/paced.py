"""Sources without a clock of their own, at the pace of their times: files, `synthetic:`."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from stream.source.arrival import Arrival, GivenFormat
from stream.source.asked import Asked
from stream.source.incoming import Opened
from stream.source.opening import open_container
from stream.source.reading import StreamSource
from stream.source.synthetic import open_synthetic
from stream.tally import Tally

LATEST_S = 1.0
"""A source that is later than this goes on from where it is, instead of hurrying after."""

TOO_SLOW = "is slower than its own pace on this machine"


class Pace:
    """Waits until what bears a time is due, by the monotonic clock."""

    def __init__(self, shown: str, warnings: Tally) -> None:
        """The first time that comes is due at once.

        Args:
            shown: whose pace it is.
            warnings: told where it cannot be kept.
        """
        self._shown, self._warnings = shown, warnings
        self._zero: float | None = None

    def __call__(self, due_s: float) -> None:
        """Return when a time, in seconds, is due."""
        now = time.monotonic()
        if self._zero is None:
            self._zero = now - due_s
        late = now - (self._zero + due_s)
        if late > LATEST_S:
            self._warnings.add(f"{self._shown} {TOO_SLOW}")
            self._zero = now - due_s
        elif late < 0:
            time.sleep(-late)


class PacedSynthetic:
    """`synthetic:` as a camera would give it; see `LiveSource`."""

    def __init__(self, address: str, warnings: Tally) -> None:
        """Make the scene.

        Args:
            address: as `open_synthetic` takes it.
            warnings: told where the scene is rendered too slowly.

        Raises:
            SettingsError: the address makes no sense.
        """
        self._source = open_synthetic(address)
        self._pace = Pace(self._source.name, warnings)

    def __iter__(self) -> Iterator[Arrival]:
        """What it gives, then its frames."""
        source, told = self._source, False
        for frame in source:
            if not told:
                layout = frame.picture.layout.name
                yield GivenFormat(
                    1,
                    source.width,
                    source.height,
                    layout,
                    layout,
                    "synthetic",
                    source.rate,
                    source.time_base,
                    matrix_tag=source.parameters.matrix_tag,
                    primaries=source.parameters.primaries,
                    transfer=source.parameters.transfer,
                )
                told = True
            self._pace(float(frame.seconds))
            yield replace(frame, arrived_at=time.monotonic())

    def is_connected(self) -> bool | None:
        """Nothing has to be."""
        return None

    def close(self) -> None:
        """Forget the scene."""
        self._source.close()


def open_paced_file(address: str, asked: Asked, warnings: Tally) -> StreamSource:
    """Open a recording that comes at its own pace.

    Raises:
        SourceError: there is none, or no video in it.
    """
    container = open_container(address)
    try:
        shown = Path(address).name
        return StreamSource(Opened(container, shown), asked, warnings, Pace(shown, warnings))
    except BaseException:
        container.close()
        raise
