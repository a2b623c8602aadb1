"""One source on the dashboard: a card with everything, or the same in three lines."""

from rich.text import Text

from stream.live.dashboard import recorder
from stream.live.dashboard.lines import LABEL_WIDTH, Part, heading, labelled, length, line
from stream.live.dashboard.styles import ALARM, CARE, LABEL, NAME, PLAIN, of_state
from stream.live.dashboard.words import (
    NOTHING,
    clock,
    count,
    curve,
    milliseconds,
    plural,
    size,
)
from stream.stats import CURVE_S, RoomFigures, Spread

INDENT = LABEL_WIDTH + 2
BRIEF_LINES = 3


def card(
    room: RoomFigures, width: int, *, chart: int = 0, limit_s: float = 0.0, plain: bool = False
) -> list[Text]:
    """Everything there is to say of a source.

    Args:
        room: the source.
        width: characters of a line.
        chart: lines for the curve of delays; 0 puts it behind its numbers.
        limit_s: a delay above it is one that takes the mask away; 0 for none.
        plain: with signs that every terminal knows.
    """
    delay = _spread(room.latency)
    if not chart:
        delay += _bars(room, width - INDENT - length(delay), limit_s, plain)
    return [
        heading(room.name, tag(room), width, plain=plain),
        labelled("arrives", [room.given or NOTHING], width),
        labelled("fps", _rates(room), width),
        labelled("mask", [*_mask(room), "   ", plural(room.sightings, "polyp"), " seen"], width),
        labelled("delay", delay, width),
        *(_chart(room, width, chart, limit_s, plain) if chart else []),
        labelled("display", _spread(room.display), width),
        labelled("dropped", _drops(room), width),
        labelled("queues", _queues(room), width),
        labelled("recording", recorder.all_of(room.recorder), width),
        *([labelled("published", _published(room), width)] if room.publisher else []),
    ]


def card_lines(room: RoomFigures) -> int:
    """How many lines a card without a chart has."""
    return 9 + (room.publisher is not None)


def brief(
    room: RoomFigures, width: int, *, limit_s: float = 0.0, plain: bool = False
) -> list[Text]:
    """The same in three lines, as far as that goes; arguments as of `card`."""
    name = f"{room.name}  {room.given}" if room.given else room.name
    recorded = "" if room.recorder is None else f" rec {room.recorder.fps:.1f}"
    rates: list[Part] = [
        f"  in {room.capture_fps:.1f} AI {room.inference_fps:.1f} out {room.display_fps:.1f}",
        f"{recorded}  ",
        *_mask(room),
        f"  {count(room.sightings)} seen  {count(room.waiting)} queued",
    ]
    delay, dropped = room.latency, sum(room.dropped.values())
    numbers = "/".join(_ms(delay, each) for each in (delay.p50, delay.p95, delay.p99, delay.max))
    numbered: list[Part] = ["  ", ("delay ", LABEL), f"{numbers} ms"]
    behind: list[Part] = [
        (f"  {count(dropped)} dropped", NAME if dropped else PLAIN),
        *recorder.brief(room.recorder),
    ]
    bars = _bars(room, width - length([*numbered, *behind]), limit_s, plain)
    return [
        heading(name, tag(room), width, plain=plain),
        line(rates, width),
        line([*numbered, *bars, *behind], width),
    ]


def tag(room: RoomFigures) -> tuple[str, str]:
    """A source's state and since when."""
    return f" {room.state} {clock(room.seconds)} ", of_state(room.state)


def _rates(room: RoomFigures) -> list[Part]:
    recorded = "" if room.recorder is None else f"   recorded {room.recorder.fps:5.1f}"
    return [
        f"captured {room.capture_fps:5.1f}   inferred {room.inference_fps:5.1f}   "
        f"shown {room.display_fps:5.1f}{recorded}"
    ]


def _mask(room: RoomFigures) -> list[Part]:
    if room.notice:
        return [(f" {room.notice} ", CARE if room.notice.endswith(" starting") else ALARM)]
    return [NOTHING if room.mask_age_s is None else f"{milliseconds(room.mask_age_s):>3} ms old"]


def _ms(spread: Spread, seconds: float) -> str:
    """One of a spread's numbers; nothing where nothing was measured."""
    return milliseconds(seconds if spread.max else None)


def _spread(spread: Spread) -> list[Part]:
    percentiles = (("p50", spread.p50), ("p95", spread.p95), ("p99", spread.p99))
    numbers = "   ".join(f"{of} {_ms(spread, value):>4}" for of, value in percentiles)
    return [f"{numbers}   max {_ms(spread, spread.max):>4} ms"]


def _bars(room: RoomFigures, width: int, limit_s: float, plain: bool) -> list[Part]:
    """The curve in one line, with some space before it."""
    (bars,) = curve(room.latency_curve, min(CURVE_S, width - 2), 1, plain=plain)
    return ["  ", (bars, _curve_style(room, limit_s))]


def _chart(room: RoomFigures, width: int, height: int, limit_s: float, plain: bool) -> list[Text]:
    """The curve in several lines, with its scale before it."""
    values = room.latency_curve
    times = max(1, (width - INDENT) // CURVE_S)
    stretched = [value for value in values for _ in range(times)]
    names = {0: f"{milliseconds(max(values, default=None))} ms", height - 1: "0"}
    style = _curve_style(room, limit_s)
    return [
        labelled(names.get(number, ""), [(bars, style)], width)
        for number, bars in enumerate(curve(stretched, width - INDENT, height, plain=plain))
    ]


def _curve_style(room: RoomFigures, limit_s: float) -> str:
    over = limit_s > 0 and any(value > limit_s for value in room.latency_curve[-5:])
    return "bold red" if over else "green"


def _drops(room: RoomFigures) -> list[Part]:
    dropped = sum(room.dropped.values())
    if not dropped:
        return [f"none of {count(room.captured)}"]
    causes = ", ".join(f"{count(times)} {cause}" for cause, times in room.dropped.items())
    return [(f"{count(dropped)} of {count(room.captured)}: {causes}", NAME)]


def _queues(room: RoomFigures) -> list[Part]:
    passed = f" ({count(room.not_inferred)} passed over)" if room.not_inferred else ""
    queued = "" if room.recorder is None else f"   recorder {size(room.recorder.queue_bytes)}"
    return [f"engine {plural(room.waiting, 'frame')}{passed}{queued}"]


def _published(room: RoomFigures) -> list[Part]:
    publisher = room.publisher
    assert publisher is not None
    well = publisher.state == "publishing"
    return [
        (publisher.state, PLAIN) if well else (f" {publisher.state} ", CARE),
        f"   {publisher.fps:.1f} fps   {count(publisher.dropped)} dropped   {publisher.target}",
    ]
