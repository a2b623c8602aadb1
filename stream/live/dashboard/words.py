"""Figures in few characters."""

from collections.abc import Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN_BLOCKS = " .:-=+*#@"
"""For terminals that know no others."""

NOTHING = "-"


def milliseconds(seconds: float | None) -> str:
    """`64`, or a dash."""
    return NOTHING if seconds is None else f"{1000 * seconds:.0f}"


def size(count: float | None) -> str:
    """`12 MB`, `3.1 GB`."""
    if count is None:
        return NOTHING
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def share(used: float | None, total: float | None) -> str:
    """`3.1 of 16 GB`."""
    if used is None or total is None:
        return size(used)
    return f"{used / 1e9:.1f} of {total / 1e9:.0f} GB"


def clock(seconds: float) -> str:
    """`1:02:33`, or `2:33`."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: int) -> str:
    """`1,234,567`."""
    return f"{number:,}"


def long_time(minutes: float | None) -> str:
    """`45 min`, `5.2 h`, `12 d`, or a dash."""
    if minutes is None:
        return NOTHING
    if minutes < 100:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} d"


def curve(values: Sequence[float], width: int, height: int, *, plain: bool = False) -> list[str]:
    """Values as columns of blocks, from zero up to the greatest; the latest at the right.

    Args:
        values: not negative.
        width: characters; the oldest values that do not fit are left out.
        height: lines.
        plain: with signs that every terminal knows.

    Returns:
        Lines from top to bottom, as long as there are values.
    """
    blocks = PLAIN_BLOCKS if plain else BLOCKS
    steps = len(blocks) - 1
    latest = values[-width:] if width > 0 else []
    top = max(latest, default=0.0) or 1.0
    # What is not zero shows: a curve that is there has a line at least.
    levels = [max(1, round(value / top * steps * height)) for value in latest]
    return [
        "".join(blocks[min(max(level - steps * below, 0), steps)] for level in levels)
        for below in reversed(range(height))
    ]


def plural(number: int, what: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def visible(text: str) -> str:
    """Text from elsewhere without what would steer a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
