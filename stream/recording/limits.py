"""How long and how large a segment may become: `--segment 10min`, `--segment-size 2GB`."""

import re
from collections.abc import Mapping

from stream.errors import SettingsError

SECONDS: Mapping[str, int] = {"": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}
BYTES: Mapping[str, int] = {
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)},
}
QUANTITY = re.compile(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]*)\s*", re.IGNORECASE | re.ASCII)

SHORTEST_S = 1
SMALLEST_BYTES = 1_000_000


def parse_duration(text: str) -> float:
    """Seconds of `90`, `90s`, `10min` or `1.5h`.

    Raises:
        SettingsError: it is none of them, or shorter than a second.
    """
    seconds = _quantity(text, SECONDS)
    if seconds is None or seconds < SHORTEST_S:
        raise SettingsError(
            f"segment {text!r} is no length from {SHORTEST_S} s on: write 90s, 10min or 1h"
        )
    return seconds


def parse_size(text: str) -> int:
    """Bytes of `700MB` (1000²), `2GB` or `2GiB` (1024³).

    Raises:
        SettingsError: it is none of them, or smaller than 1 MB.
    """
    size = _quantity(text, BYTES)
    if size is None or size < SMALLEST_BYTES:
        raise SettingsError(
            f"segment size {text!r} is no size from 1 MB on: write 700MB, 2GB or 2GiB"
        )
    return round(size)


def _quantity(text: str, units: Mapping[str, int]) -> float | None:
    """A number with its unit, whatever the case of it; None where it is none."""
    match = QUANTITY.fullmatch(text)
    unit = units.get(match[2].lower()) if match else None
    return float(match[1]) * unit if match and unit else None
