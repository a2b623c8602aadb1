"""Reading `synthetic:?seed=7&seconds=10&fps=25&size=1920x1080&layout=octagon-right`."""

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from urllib.parse import parse_qsl

from stream.errors import SettingsError
from stream.source.synthetic.panel import check_layout

SCHEME = "synthetic:"

DEMO_SEED = 7
"""Seed of the demo; training keeps to seeds from 1000 on."""

SMALLEST_SIDE, LARGEST_SIDE = 64, 8192
FASTEST = 1000


@dataclass(frozen=True, slots=True)
class SyntheticAddress:
    """What a `synthetic:` address asks for.

    Attributes:
        seed: of the scene and its panel.
        seconds: length, or None for a source that never ends.
        fps: frames a second.
        size: width and height of the screen.
        layout: of the panel; None lets the seed choose.
    """

    seed: int = DEMO_SEED
    seconds: Fraction | None = Fraction(10)
    fps: Fraction = Fraction(25)
    size: tuple[int, int] = (1920, 1080)
    layout: str | None = None


def read_seed(text: str) -> int:
    """A seed: a whole number from 0."""
    if not re.fullmatch(r"\d{1,18}", text):
        raise SettingsError(f"seed={text} is no whole number from 0")
    return int(text)


def read_seconds(text: str) -> Fraction | None:
    """A length in seconds; `inf` never ends."""
    if text == "inf":
        return None
    seconds = _read_fraction(text)
    if seconds is None or seconds <= 0:
        raise SettingsError(f"seconds={text} is no length: write a number above 0, or inf")
    return seconds


def read_fps(text: str) -> Fraction:
    """A frame rate, such as 25 or 30000/1001."""
    fps = _read_fraction(text)
    if fps is None or not 0 < fps <= FASTEST:
        raise SettingsError(f"fps={text} is no frame rate: write 25 or 30000/1001, up to {FASTEST}")
    return fps


def read_size(text: str) -> tuple[int, int]:
    """A size, such as 1920x1080."""
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in size):
        raise SettingsError(
            f"size={text} is no size: write WIDTHxHEIGHT, {SMALLEST_SIDE} to {LARGEST_SIDE} each"
        )
    return size


READERS = {
    "seed": read_seed,
    "seconds": read_seconds,
    "fps": read_fps,
    "size": read_size,
    "layout": check_layout,
}


def parse_address(address: str) -> SyntheticAddress:
    """What an address asks for.

    Raises:
        SettingsError: it is no such address, or some of its keys or values make no sense; all
            of them are named.
    """
    query = address.removeprefix(SCHEME)
    if query == address or (query and not query.startswith("?")):
        raise SettingsError(f"{address} is no synthetic source: write {SCHEME}?seed=7&seconds=10")
    wrong: list[str] = []
    asked: dict[str, object] = {}
    for key, value in parse_qsl(query[1:], keep_blank_values=True):
        if key not in READERS:
            near = get_close_matches(key, READERS, 1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(READERS)}"
            wrong.append(f"{key} is unknown: {hint}")
            continue
        try:
            asked[key] = READERS[key](value)
        except SettingsError as error:
            wrong.append(str(error))
    if wrong:
        raise SettingsError(f"{address}: {'; '.join(wrong)}")
    return replace(SyntheticAddress(), **asked)  # type: ignore[arg-type]  # READERS' own types


def _read_fraction(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
