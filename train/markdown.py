"""Numbers as Markdown."""

from collections.abc import Iterable, Sequence

NONE = "–"


def number(value: float | None, digits: int = 3) -> str:
    """Write a score, or a dash where there is none."""
    return NONE if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Write a share as a percentage."""
    return NONE if value is None else f"{100 * value:.2f} %"


def bounded(value: float | None, ends: Sequence[float] | None, digits: int = 3) -> str:
    """Write a score with the ends of its interval, where it has one."""
    if value is None or ends is None:
        return number(value, digits)
    return f"{value:.{digits}f} ({ends[0]:.{digits}f}–{ends[1]:.{digits}f})"


def table(header: Sequence[str], rows: Iterable[Sequence[object]], text_columns: int = 1) -> str:
    """Lay out a table; the first `text_columns` are text, the rest are numbers.

    Returns:
        Lines that end in a line break.
    """
    rule = [":--" if column < text_columns else "--:" for column in range(len(header))]
    lines = (header, rule, *rows)
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
