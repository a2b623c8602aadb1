"""Many sources on the dashboard, a line each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from stream.live.dashboard.lines import Part, line
from stream.live.dashboard.recorder import lost_by
from stream.live.dashboard.styles import ALARM, LABEL, NAME, PLAIN, of_state
from stream.live.dashboard.words import NOTHING, count, long_time, milliseconds, visible
from stream.stats import RoomFigures

STATE_WIDTH = 13
SMALLEST_NAME = 15
LARGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Column:
    """A figure in a table.

    Attributes:
        name: at its head.
        width: of its cells.
        say: what stands there.
    """

    name: str
    width: int
    say: Callable[[RoomFigures], str]


def _rate(rate: float | None) -> str:
    return NOTHING if rate is None else f"{rate:.1f}"


def _measured(room: RoomFigures, seconds: float) -> str:
    return milliseconds(seconds if room.latency.max else None)


COLUMNS = (
    Column("in", 6, lambda room: _rate(room.capture_fps)),
    Column("AI", 6, lambda room: _rate(room.inference_fps)),
    Column("out", 6, lambda room: _rate(room.display_fps)),
    Column("rec", 6, lambda room: _rate(room.recorder.fps if room.recorder else None)),
    Column("mask", 5, lambda room: milliseconds(room.mask_age_s)),
    Column("p50", 5, lambda room: _measured(room, room.latency.p50)),
    Column("p99", 5, lambda room: _measured(room, room.latency.p99)),
    Column("drops", 7, lambda room: count(sum(room.dropped.values()))),
    Column("seen", 5, lambda room: count(room.sightings)),
    Column(
        "disk", 9, lambda room: long_time(room.recorder.disk_minutes if room.recorder else None)
    ),
    Column("lost", 7, lambda room: count(lost_by(room.recorder)) if room.recorder else NOTHING),
    Column("p95", 6, lambda room: _measured(room, room.latency.p95)),
    Column("max", 6, lambda room: _measured(room, room.latency.max)),
    Column("queued", 7, lambda room: count(room.waiting)),
    Column("passed", 9, lambda room: count(room.not_inferred)),
)
"""The most important first: those that do not fit are left out."""


def table(figures: Sequence[RoomFigures], width: int, height: int) -> list[Text]:
    """The sources, as many as there are lines for: those that need looking at come first."""
    shown, left_out = figures, 0
    if len(figures) + 1 > height:
        shown = sorted(figures, key=_is_well)[: max(0, height - 2)]
        left_out = len(figures) - len(shown)
    columns = _fitting(width)
    wide = width - STATE_WIDTH - 1 - sum(column.width for column in columns)
    names = max(2, min(wide, LARGEST_NAME))
    head = "".join(f"{column.name:>{column.width}}" for column in columns)
    lines = [line([(f"{'source':<{names}} {'state':<{STATE_WIDTH}}{head}", LABEL)], width)]
    lines += [_row(room, names, columns, width) for room in shown]
    if left_out:
        lines.append(line([(f"and {left_out} more: a higher terminal shows them", LABEL)], width))
    return lines


def _fitting(width: int) -> list[Column]:
    """As many columns as leave space for a name."""
    left, fitting = width - STATE_WIDTH - 1 - SMALLEST_NAME, []
    for column in COLUMNS:
        left -= column.width
        if left < 0:
            break
        fitting.append(column)
    return fitting


def _row(room: RoomFigures, names: int, columns: Sequence[Column], width: int) -> Text:
    name = visible(room.name)
    if cell_len(name) > names:
        name = f"{set_cell_size(name, names - 1)}…"
    off = room.state == "LIVE" and bool(room.notice)
    state, style = ("AI OFF", ALARM) if off else (room.state, of_state(room.state))
    cells: list[Part] = [(set_cell_size(name, names), NAME), " ", (state, style)]
    cells.append(" " * (STATE_WIDTH - len(state)))
    for column in columns:
        said = column.say(room)
        grave = column.name in ("rec", "lost") and lost_by(room.recorder)
        cells += [" " * (column.width - len(said)), (said, ALARM if grave else PLAIN)]
    return line(cells, width)


def _is_well(room: RoomFigures) -> bool:
    """Whether a source needs no one to look at it."""
    return room.state == "LIVE" and not room.notice and not lost_by(room.recorder)
