"""Damage to text that people edit: YAML and CSV."""

import random
from collections.abc import Callable

LETTERS = "abc_-:, 0159#'\"{}[]&*!|>%@`\\é\x00\x85"

LineDamage = Callable[[list[str], random.Random], str]

LAUGHS = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)
"""Ten to the power of ten values in half a kilobyte."""

NASTY = (
    "!!python/object/apply:os.system ['touch exploded']",
    "!!python/name:os.system",
    "&a [*a]",
    "[" * 3000,
    "{" * 3000,
    "1e999",
    ".nan",
    "-.inf",
    "9" * 5000,
    "2026-02-31",
    "2026-01-01 00:00:00",
    "0x" + "f" * 300,
    "'\\0'",
    '"\\ud800"',
    "~",
    "true",
    "[]",
    "{}",
    "-1",
    "12:30:45",
    "<<",
    "? [a, b]",
    "\u2028",
    "=" * 100_000,
)


def lose_line(lines: list[str], rng: random.Random) -> str:
    """Leave a line out."""
    place = rng.randrange(len(lines))
    return f"line {place + 1} left out: {lines.pop(place)[:60]!r}"


def repeat_line(lines: list[str], rng: random.Random) -> str:
    """Write a line twice."""
    place = rng.randrange(len(lines))
    lines.insert(rng.randrange(len(lines) + 1), lines[place])
    return f"line {place + 1} repeated"


def swap_lines(lines: list[str], rng: random.Random) -> str:
    """Exchange two lines."""
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return f"lines {one + 1} and {other + 1} exchanged"


def indent(lines: list[str], rng: random.Random) -> str:
    """Move a line in or out."""
    place = rng.randrange(len(lines))
    lines[place] = rng.choice((" ", "  ", "\t", "- ")) + lines[place]
    return f"line {place + 1} moved in"


def change_value(lines: list[str], rng: random.Random) -> str:
    """Write something else behind a key."""
    places = [place for place, line in enumerate(lines) if ":" in line]
    if not places:
        return lose_line(lines, rng)
    place, value = rng.choice(places), rng.choice(NASTY)
    key = lines[place].split(":")[0]
    lines[place] = f"{key}: {value}"
    return f"{key.strip()}: {value[:40]!r}"


def misspell(lines: list[str], rng: random.Random) -> str:
    """Change a letter of a line."""
    place = rng.randrange(len(lines))
    line = lines[place] or " "
    at = rng.randrange(len(line))
    lines[place] = line[:at] + rng.choice(LETTERS) + line[at + 1 :]
    return f"line {place + 1} is {lines[place][:60]!r}"


def laugh(lines: list[str], rng: random.Random) -> str:
    """Say ten billion values in half a kilobyte."""
    lines.extend(LAUGHS.splitlines())
    lines.append(f"{rng.choice(('threshold', 'members', 'weights', 'x'))}: *a9")
    return "a billion laughs"


LINES: tuple[LineDamage, ...] = (
    lose_line,
    repeat_line,
    swap_lines,
    indent,
    *(change_value,) * 3,
    *(misspell,) * 3,
    laugh,
)


def change_text(text: str, rng: random.Random) -> tuple[str, str]:
    """Change some lines of a text.

    Returns:
        The text, and what was done to it.
    """
    lines = text.splitlines()
    done = [rng.choice(LINES)(lines, rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    return "\n".join(lines) + "\n", "; ".join(done)
