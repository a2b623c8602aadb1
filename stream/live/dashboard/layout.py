"""What of a run fits on a terminal: cards, three lines a source, or a table of sources."""

from collections.abc import Sequence
from itertools import zip_longest

from rich.text import Text

from stream.live.dashboard.head import head
from stream.live.dashboard.lines import line, side_by_side
from stream.live.dashboard.log import Log
from stream.live.dashboard.room import BRIEF_LINES, brief, card, card_lines
from stream.live.dashboard.table import table
from stream.stats import LiveFigures, RoomFigures

LOG_LINES = 5
"""At least so many, its heading too, are kept for what happened."""

ROOMY_LOG_LINES = 12
"""Curves are drawn large only where so many are left."""

TWO_COLUMNS = 150
"""From this width on two cards stand side by side."""

MOST_CHART = 5
"""Lines of a curve: more tell no more."""

LEAST_CHART = 3


def screen(
    figures: LiveFigures,
    log: Log,
    width: int,
    height: int,
    *,
    time: str = "",
    limit_s: float = 0.0,
    plain: bool = False,
) -> list[Text]:
    """The whole screen, as many lines as it has.

    Args:
        figures: of the run.
        log: what happened.
        width: characters of a line.
        height: lines.
        time: by the clock on the wall.
        limit_s: the greatest age of a mask; 0 for none.
        plain: with signs that every terminal knows.
    """
    lines = [*head(figures, time, width), _blank(width)]
    lines += _rooms(figures.rooms, width, height - len(lines) - 1, limit_s, plain)
    lines.append(_blank(width))
    lines += log.lines(width, height - len(lines), figures.warnings, plain=plain)
    lines += [_blank(width)] * (height - len(lines))
    return lines[:height]


def _blank(width: int) -> Text:
    return line([], width)


def _rooms(
    rooms: Sequence[RoomFigures], width: int, height: int, limit_s: float, plain: bool
) -> list[Text]:
    """The sources with as much of each as there is space for, beside the log."""
    columns = 2 if width >= TWO_COLUMNS and len(rooms) > 1 else 1
    down = -(-len(rooms) // columns)
    needed = down * (max(map(card_lines, rooms)) + 1) - 1
    if needed + LOG_LINES <= height:
        spare = (height - needed - ROOMY_LOG_LINES) // down
        chart = min(MOST_CHART, spare) if spare >= LEAST_CHART else 0
        wide = width if columns == 1 else (width - 2) // 2
        cards = [card(room, wide, chart=chart, limit_s=limit_s, plain=plain) for room in rooms]
        return _stacked(cards, width, columns)
    if len(rooms) * BRIEF_LINES + LOG_LINES <= height:
        briefs = [brief(room, width, limit_s=limit_s, plain=plain) for room in rooms]
        return [text for lines in briefs for text in lines]
    return table(rooms, width, height - LOG_LINES)


def _stacked(cards: Sequence[list[Text]], width: int, columns: int) -> list[Text]:
    """Cards in one column or in two, with a line between them."""
    lines: list[Text] = []
    for number in range(0, len(cards), columns):
        left, *others = cards[number : number + columns]
        if lines:
            lines.append(_blank(width))
        if columns == 1:
            lines += left
            continue
        right, blank = others[0] if others else [], _blank(left[0].cell_len)
        pairs = zip_longest(left, right, fillvalue=blank)
        lines += [side_by_side(*pair, width) for pair in pairs]
    return lines
