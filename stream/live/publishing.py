"""Fits publishers to a run's rooms."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from stream.errors import SettingsError
from stream.live.journey import Journey
from stream.live.leaving import Leaving
from stream.live.settings import LiveSettings
from stream.publish import Publisher, check_libraries
from stream.stats import LiveFigures


@contextmanager
def published(journey: Journey, settings: LiveSettings) -> Iterator[None]:
    """Publish a run's rooms, where the settings name a target for each.

    Raises:
        SettingsError: they name more or fewer.
        MissingExtraError: one needs a library that is not installed.
    """
    targets, rooms = settings.publish, journey.rooms
    if targets and len(targets) != len(rooms):
        raise SettingsError(
            f"publish: names {len(targets)} targets for {len(rooms)} sources: one for each, in "
            "their order"
        )
    check_libraries(targets)
    publishers = [Publisher(url, tell=journey.tell, warn=journey.warn) for url in targets]
    for room, publisher in zip(rooms, publishers, strict=False):
        room.showing.branches.append(Leaving(publisher.offer, settings))

    def with_publishers(figures: LiveFigures) -> LiveFigures:
        pairs = zip(figures.rooms, publishers, strict=True)
        rooms = tuple(replace(room, publisher=each.figures) for room, each in pairs)
        return replace(figures, rooms=rooms)

    def raise_faults(figures: LiveFigures) -> None:
        for publisher in publishers:
            publisher.raise_fault()

    if publishers:
        journey.additions.append(with_publishers)
        journey.observers.append(raise_faults)
    with ExitStack() as running:
        for publisher in publishers:
            running.callback(publisher.close)
            publisher.start()
        yield
