"""Chooses how a run is told: on a dashboard where there is a terminal, else in lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console

from stream.live.aside import Aside, Teller
from stream.live.dashboard import Dashboard
from stream.live.journey import Journey
from stream.live.lines import Lines
from stream.live.machine import Machine
from stream.live.settings import LiveSettings


@contextmanager
def told(journey: Journey, settings: LiveSettings) -> Iterator[None]:
    """Have a run told, with figures of the machine; in the end what became of its frames."""
    with Machine(settings.device) as machine:
        journey.additions.append(lambda figures: replace(figures, machine=machine.figures()))
        aside = Aside(teller_for(Console(stderr=True), settings))
        journey.listeners.append(aside.say)
        journey.observers.append(aside.show)
        try:
            yield
        finally:
            aside.end(journey.figures())


def teller_for(console: Console, settings: LiveSettings) -> Teller:
    """What fits a terminal, a pipe, or a program that reads JSON.

    Args:
        console: where people are told.
        settings: of the run.
    """
    if settings.json or not console.is_terminal or console.is_dumb_terminal:
        return Lines(as_json=settings.json)
    limit_s = 0.0 if settings.sync else settings.mask_age_limit_s
    return Dashboard(console, limit_s=limit_s)
