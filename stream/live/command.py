"""What `divergent-stream live` does, once its words are understood."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from stream.errors import SettingsError
from stream.live.journey import Journey
from stream.live.metering import metered
from stream.live.previewing import previewed
from stream.live.publishing import published
from stream.live.recorders import with_recorders
from stream.live.settings import LiveSettings
from stream.live.telling import told
from stream.live.windows import with_windows
from stream.settings import merged
from stream.source.address import redacted
from stream.source.live import is_live
from stream.source.synthetic.address import SCHEME as SYNTHETIC

Fitting = Callable[[Journey, LiveSettings], AbstractContextManager[object]]
"""Fits something to a run that has not started, if the settings ask for it: adds to
`showing.branches` and `showing.screens` of the rooms, to the run's `listeners` and `observers`.
It is left when everything else has ended, those behind it first."""

FITTINGS: Sequence[Fitting] = (told, with_recorders, with_windows, metered, previewed, published)
"""In this order: the first one tells what became of the others."""


def live(sources: Sequence[str], config: Path | None, given: dict[str, Any]) -> int:
    """`divergent-stream live`.

    Returns:
        0, or 1 where a source ended with a problem while others went on, or a recording did.
    """
    settings = merged(LiveSettings, config, given)
    check_sources(sources, settings)
    journey = Journey(sources, settings)
    with ExitStack() as run:
        for fit in FITTINGS:
            run.enter_context(fit(journey, settings))
        run.enter_context(journey)
        for _ in journey.moments():
            pass  # all there is to do is fitted to it
    lost = any(capture.problem is not None for capture in journey.captures)
    return int(lost or any(recorder.failed for recorder in journey.recorders.values()))


def check_sources(sources: Sequence[str], settings: LiveSettings) -> None:
    """Refuse what is no live source, unless it shall be played like one.

    Raises:
        SettingsError: it shall not.
    """
    for source in sources:
        if not settings.realtime and not is_live(source) and not source.startswith(SYNTHETIC):
            raise SettingsError(
                f"{redacted(source)}: is a recording: process annotates every frame of it; "
                "--realtime plays it here at its own pace"
            )
