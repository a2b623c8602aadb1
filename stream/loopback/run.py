"""The whole of `bench --loopback`: every pace in turn."""

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from stream.errors import SettingsError
from stream.live.settings import LiveSettings
from stream.loopback.prepared import prepare
from stream.loopback.trial import Trial, run

PACES = (Fraction(25), Fraction(30), Fraction(50), Fraction(60))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured.

    Attributes:
        settings: of the live run.
        size: of the pictures.
        rates: pictures a second, each tried in turn.
        sources: that many send at once.
        seconds: how long to measure altogether; what is prepared for it comes on top.
        record: record meanwhile.
    """

    settings: LiveSettings
    size: tuple[int, int] = (1920, 1080)
    rates: tuple[Fraction, ...] = PACES
    sources: int = 1
    seconds: float = 45.0
    record: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.seconds < math.inf:
            raise SettingsError(f"--seconds {self.seconds:g}: measuring takes some time, and ends")
        if not self.rates:
            raise SettingsError("--fps: name a rate")
        if self.sources < 1:
            raise SettingsError(f"--sources {self.sources}: one sends at least")


def measure(asked: Asked, say: Callable[[str], None]) -> dict[str, Any]:
    """Try every pace.

    Args:
        asked: what.
        say: told what is being done, and what the live runs warn of.

    Returns:
        Plain values for JSON; `table.show` prints them.

    Raises:
        DivergentError: what a user can mend.
    """
    # Where a run failed, its recordings may still be on their way to the disk.
    with tempfile.TemporaryDirectory(
        prefix="divergent-loopback-", ignore_cleanup_errors=True
    ) as temporary:
        folder = Path(temporary)
        paths = prepare(folder, asked.size, asked.rates, say)
        settings = asked.settings
        if asked.record:
            settings = replace(settings, record=folder / "recordings")
        found = []
        for rate, path in paths.items():
            each = f"{asked.sources} sources" if asked.sources > 1 else "a source"
            say(f"{each} at {float(rate):g} pictures a second")
            trial = Trial(path, float(rate), asked.sources, asked.seconds / len(paths))
            found.append(run(trial, settings, say))
    return {"size": "{}x{}".format(*asked.size), "paces": found}
