"""Lines of a screen, put together from parts with styles of their own."""

from collections.abc import Iterable
from typing import TypeAlias

from rich.text import Text

from stream.live.dashboard.styles import LABEL, NAME, PLAIN
from stream.live.dashboard.words import visible

LABEL_WIDTH = 9
GAP = "  "

Part: TypeAlias = str | tuple[str, str]
"""Words, or words and their style."""


def length(parts: Iterable[Part]) -> int:
    """How many characters parts take."""
    return sum(len(part if isinstance(part, str) else part[0]) for part in parts)


def line(parts: Iterable[Part], width: int) -> Text:
    """One line of exactly so many characters; what does not fit is cut off, and shows it."""
    text = Text(no_wrap=True)
    for part in parts:
        words, style = (part, PLAIN) if isinstance(part, str) else part
        text.append(visible(words), style)
    text.truncate(width, overflow="ellipsis", pad=True)
    return text


def labelled(label: str, parts: Iterable[Part], width: int) -> Text:
    """A line with its name before it."""
    return line([(f"{label:>{LABEL_WIDTH}}{GAP}", LABEL), *parts], width)


def heading(name: str, tag: tuple[str, str] | None, width: int, *, plain: bool = False) -> Text:
    """A rule with a name in it, and what has to be seen first at its right end.

    Args:
        name: what follows.
        tag: words and their style.
        width: characters of the line.
        plain: with signs that every terminal knows.
    """
    stroke = "=" if plain else "━"
    taken = len(tag[0]) + 4 if tag is not None else 0
    text = Text(no_wrap=True)
    text.append(f"{stroke}{stroke} ", LABEL)
    text.append(visible(name), NAME)
    text.truncate(max(0, width - taken - 2), overflow="ellipsis")
    text.append(" ")
    text.append(stroke * max(0, width - taken - text.cell_len), LABEL)
    if tag is not None:
        text.append(" ")
        text.append(*tag)
        text.append(f" {stroke}{stroke}", LABEL)
    text.truncate(width, pad=True)
    return text


def side_by_side(left: Text, right: Text, width: int) -> Text:
    """Two lines as one of exactly so many characters."""
    text = left.copy()
    text.append(GAP)
    text.append_text(right)
    text.truncate(width, pad=True)
    return text
