"""Figures as people read them."""

NBSP = "\u00a0"
"""Keeps a figure and its unit on one line."""


def clock(seconds: float, *, tenths: bool = True) -> str:
    """Media time: `0:07.2`, `1:02:03.4`."""
    whole = round(seconds * 10)
    sign, whole = ("-", -whole) if whole < 0 else ("", whole)
    minutes, left = divmod(whole, 600)
    rest = f"{left // 10:02d}" + (f".{left % 10}" if tenths else "")
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02d}:{rest}" if hours else f"{sign}{minutes}:{rest}"


def span(seconds: float) -> str:
    """A length of time: `3.6 s`, `4 min 12 s`, `1 h 5 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f}{NBSP}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{NBSP}h{NBSP}{minutes}{NBSP}min" if minutes else f"{hours}{NBSP}h"
    return f"{minutes}{NBSP}min{NBSP}{rest}{NBSP}s" if rest else f"{minutes}{NBSP}min"


def percent(share: float) -> str:
    """A share: `12 %`, `3.4 %`, `0 %`."""
    hundredths = 100.0 * share
    if 0 < hundredths < 0.1:
        return f"<{NBSP}0.1{NBSP}%"
    if 99.9 < hundredths < 100.0:
        return f">{NBSP}99.9{NBSP}%"
    digits = 1 if 0 < hundredths < 10 or 99 < hundredths < 100 else 0
    return f"{hundredths:.{digits}f}{NBSP}%"


def count(number: int, noun: str) -> str:
    """`1 sighting`, `2 sightings`, `no sightings`."""
    if number == 0:
        return f"no {noun}s"
    return f"{number:,} {noun}{'s' if number != 1 else ''}"
