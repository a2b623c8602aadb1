"""Fits the browser preview to a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from stream.live.journey import Journey
from stream.live.leaving import Leaving
from stream.live.settings import LiveSettings
from stream.preview import Preview, listen


@contextmanager
def previewed(journey: Journey, settings: LiveSettings) -> Iterator[None]:
    """Show a run's rooms to browsers, where the settings ask for it.

    Raises:
        SettingsError: it would be open to others without a token.
        SinkError: the address or the port cannot be had.
    """
    if settings.preview is None:
        yield
        return
    listening = listen(settings.preview, settings.preview_address, settings.preview_token or "")
    names = not settings.redact
    preview = Preview(listening, len(journey.rooms), names=names, warn=journey.warn)
    for number, room in enumerate(journey.rooms):
        room.showing.screens.append(Leaving(partial(preview.offer, number), settings))
    journey.observers.append(preview.show)
    journey.additions.append(lambda figures: replace(figures, preview=preview.figures))
    preview.start()
    journey.tell(f"preview: {listening.page}")
    try:
        yield
    finally:
        preview.close()
