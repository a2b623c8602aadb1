"""What `divergent-stream live` does, once its words are understood."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stream.errors import SettingsError
from stream.live.journey import Journey
from stream.live.lines import Lines
from stream.live.settings import LiveSettings
from stream.settings import merged
from stream.source.live import is_live
from stream.source.synthetic.address import SCHEME as SYNTHETIC


def live(sources: Sequence[str], config: Path | None, given: dict[str, Any]) -> int:
    """`divergent-stream live`.

    Returns:
        0, or 1 where a source ended with a problem while others went on.
    """
    settings = merged(LiveSettings, config, given)
    check_sources(sources, settings)
    lines = Lines(as_json=settings.json)
    journey = Journey(sources, settings, tell=lines.say)
    try:
        with journey:
            for figures in journey.moments():
                lines.show(figures)
    finally:
        lines.end(journey.figures())
    return int(any(capture.problem is not None for capture in journey.captures))


def check_sources(sources: Sequence[str], settings: LiveSettings) -> None:
    """Refuse what is no live source, unless it shall be played like one.

    Raises:
        SettingsError: it shall not.
    """
    for source in sources:
        if not settings.realtime and not is_live(source) and not source.startswith(SYNTHETIC):
            raise SettingsError(
                f"{source}: is a recording: process annotates every frame of it; "
                "--realtime plays it here at its own pace"
            )
