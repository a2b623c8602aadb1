"""One pace: senders, a live run, and what is seen of it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nets.errors import EngineError
from stream.live.journey import Journey
from stream.live.recorders import with_recorders
from stream.live.settings import LiveSettings
from stream.loopback.prepared import PICTURES
from stream.loopback.reckoning import Reckoned, reckon
from stream.loopback.sender import Sender, free_url
from stream.loopback.share import Shares
from stream.loopback.witness import Witness

START_WITHIN_S = 120.0
"""From the start until masks flow, a first conversion of the ensemble included."""

SETTLE_S = 3.0
"""Between the first masks and the first picture that counts."""

AFTERWARDS_S = 1.0
"""For what is under way when the time is over."""

NOT_RECEIVED = "not received"
"""A picture that was sent and of which nothing is known here."""

UNREADABLE = "shown with a damaged number"


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried.

    Attributes:
        path: the prepared recording.
        fps: its pictures a second.
        sources: how many senders send it at once.
        seconds: how long pictures count.
    """

    path: Path
    fps: float
    sources: int
    seconds: float


def run(
    trial: Trial, settings: LiveSettings, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Run it.

    Args:
        trial: what is tried.
        settings: of the live run; `record` names a folder where that is tried, too.
        say: told what the run warns of.

    Returns:
        Plain values: `fps`, `sources`, `seconds`, the counts `sent`, `shown`, `lost` by cause
        and `without_mask` by what was said instead, the percentiles `display_ms` and
        `annotation_ms`, `cores` used by process, `warnings` of what arrived, what was `recorded`
        from beginning to end, if anything, and the `engine`.

    Raises:
        DivergentError: what a user can mend: no weights, no room to record.
        EngineError: no mask comes.
    """
    urls = [free_url() for _ in range(trial.sources)]
    journey = Journey(urls, settings)
    witnesses = [Witness() for _ in urls]
    for room, witness in zip(journey.rooms, witnesses, strict=True):
        room.showing.screens.append(witness)
    with ExitStack() as stack:
        senders = [stack.enter_context(Sender(str(trial.path), url)) for url in urls]
        stack.enter_context(with_recorders(journey, settings))
        stack.enter_context(journey)
        moments = journey.moments()
        _wait_for_masks(moments, witnesses)
        with _losses(journey) as losses:
            shares, start = Shares(), time.monotonic()
            _pass(moments, start + trial.seconds)
            end, cores = time.monotonic(), shares.used()
            _pass(moments, end + AFTERWARDS_S)
        sent = [sender.times() for sender in senders]
    for line in journey.warnings:
        say(line)
    reckoned = [
        reckon(times, witness.seen, PICTURES, start, end)
        for times, witness in zip(sent, witnesses, strict=True)
    ]
    return {
        "fps": trial.fps,
        "sources": trial.sources,
        "seconds": round(end - start, 1),
        **_counts(reckoned, losses),
        "display_ms": _spread([delay for each in reckoned for delay in each.display]),
        "annotation_ms": _spread([delay for each in reckoned for delay in each.annotation]),
        "cores": cores,
        "warnings": _warnings(journey),
        "recorded": _recorded(journey),
        "engine": _engine(journey),
    }


def _wait_for_masks(moments: Iterator[object], witnesses: Sequence[Witness]) -> None:
    """Until every source is shown with masks, and a little longer.

    Raises:
        EngineError: that takes too long.
    """
    began = time.monotonic()
    while not all(witness.has_seen_masks for witness in witnesses):
        if time.monotonic() - began > START_WITHIN_S or next(moments, None) is None:
            raise EngineError(
                f"no mask was shown within {START_WITHIN_S:g} s: the engine is too slow for "
                "live on this machine, or something else keeps it busy"
            )
    _pass(moments, time.monotonic() + SETTLE_S)


def _pass(moments: Iterator[object], until: float) -> None:
    """Let the run go on until then."""
    while time.monotonic() < until and next(moments, None) is not None:
        pass


@contextmanager
def _losses(journey: Journey) -> Iterator[Counter[str]]:
    """Counts the frames that arrive meanwhile and are not shown, by cause."""
    before, losses = _dropped(journey), Counter[str]()
    yield losses
    losses.update(_dropped(journey) - before)


def _dropped(journey: Journey) -> Counter[str]:
    dropped: Counter[str] = Counter()
    for room, capture in zip(journey.rooms, journey.captures, strict=True):
        dropped.update(capture.drops)
        dropped.update(room.dropped)
    return dropped


def _counts(reckoned: Sequence[Reckoned], losses: Counter[str]) -> dict[str, Any]:
    sent, lost = (sum(getattr(each, name) for each in reckoned) for name in ("sent", "lost"))
    losses[UNREADABLE] = sum(each.unreadable for each in reckoned)
    losses[NOT_RECEIVED] = max(0, lost - losses.total())
    return {
        "sent": sent,
        "shown": sent - lost,
        "lost": dict(+losses),
        "without_mask": dict(sum((each.without_mask for each in reckoned), Counter[str]())),
    }


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles in milliseconds; none of nothing."""
    if not seconds:
        return {}
    p50, p95, p99 = np.percentile(seconds, (50, 95, 99))
    values = {"p50": p50, "p95": p95, "p99": p99, "max": max(seconds)}
    return {name: round(1000 * float(value), 1) for name, value in values.items()}


def _engine(journey: Journey) -> dict[str, Any]:
    """What answered, and how long it takes where nothing else is done."""
    facts = journey.engine
    assert facts is not None  # or there would be no masks
    return {
        "weights": facts.name,
        "runs_on": facts.runs_on,
        "period_ms": round(1000 * facts.period_s, 1),
    }


def _warnings(journey: Journey) -> dict[str, int]:
    """What was wrong with what arrived, from beginning to end."""
    return dict(sum((Counter(each.warnings) for each in journey.captures), Counter[str]()))


def _recorded(journey: Journey) -> Mapping[str, Any] | None:
    """What became of the frames in the recordings, from their beginning to their end."""
    figures = [each.figures(time.monotonic()) for each in journey.recorders.values()]
    known = [each for each in figures if each is not None]
    if not known:
        return None
    lost: Counter[str] = Counter()
    for each in known:
        lost.update(each.lost)
    return {
        "captured": sum(each.captured for each in known),
        "recorded": sum(each.recorded for each in known),
        "lost": dict(lost),
    }
