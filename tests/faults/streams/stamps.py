"""Damage to times as they stand in a file: they jump, repeat, go back or vanish."""

import random
import re
from collections.abc import Iterator

TS_PACKET = 188
TIME_BOXES = (b"stts", b"ctts", b"elst", b"mvhd", b"tkhd", b"mdhd", b"tfdt", b"trun", b"stss")
"""Boxes of an mp4 that hold times, sizes in time, or which samples are keyframes."""


def change_times(content: bytearray, suffix: str, rng: random.Random) -> str:
    """Change some of a file's times.

    Args:
        content: changed in place.
        suffix: of the file.
        rng: decides.

    Returns:
        What was done, in words.
    """
    match suffix:
        case ".ts":
            places = list(_in_ts(content))
            how = _change_pes(content, places, rng)
        case ".mkv":
            places = [found.end() for found in re.finditer(rb"\xe7[\x81-\x88]", content)]
            places += [found.end() for found in re.finditer(rb"\xa3[\x40-\xff].?\x81", content)]
            how = _change_numbers(content, places, 2, rng)
        case ".avi":
            header = content.find(b"strh")
            places = [header + 28, header + 32] if header >= 0 else []  # scale and rate
            places += [content.find(b"avih") + 8]
            how = _change_numbers(content, places, 4, rng)
        case _:
            places = list(_in_boxes(content))
            how = _change_numbers(content, places, 4, rng)
    return f"times: {how}"


def _in_ts(content: bytearray) -> Iterator[int]:
    """Where PES headers of pictures begin."""
    for start in range(0, len(content) - TS_PACKET, TS_PACKET):
        place = content.find(b"\0\0\1\xe0", start, start + TS_PACKET)
        if place >= 0 and content[start] == 0x47:
            yield place


def _change_pes(content: bytearray, places: list[int], rng: random.Random) -> str:
    count = rng.randint(1, max(1, len(places) // 2))
    ways = []
    for place in rng.sample(places, min(count, len(places))):
        way = rng.choice(("vanishes", "repeats", "jumps"))
        ways.append(way)
        if way == "vanishes":
            content[place + 7] &= 0x3F  # the flags that a time follows
        elif way == "repeats":
            other = rng.choice(places)
            content[place + 9 : place + 19] = content[other + 9 : other + 19]
        else:
            content[place + 9 + rng.randrange(5)] ^= 1 << rng.randrange(1, 8)
    return f"{len(ways)} PES times: {', '.join(sorted(set(ways)))}"


def _in_boxes(content: bytearray) -> Iterator[int]:
    for kind in TIME_BOXES:
        place = content.find(kind)
        while place >= 0:
            size = int.from_bytes(content[place - 4 : place], "big")
            if 8 <= size <= 4096:
                yield from range(place + 8, place + size - 8, 4)
            place = content.find(kind, place + 4)


def _change_numbers(content: bytearray, places: list[int], size: int, rng: random.Random) -> str:
    usable = [place for place in places if 0 <= place <= len(content) - size]
    if not usable:
        return "none found"
    count = min(len(usable), round(2 ** rng.uniform(0, 4)))
    for place in rng.sample(usable, count):
        old = int.from_bytes(content[place : place + size], "big")
        top = (1 << 8 * size) - 1
        new = rng.choice(
            (0, 1, top, top >> 1, old ^ (1 << rng.randrange(8 * size)), 2 * old, old - 1)
        )
        content[place : place + size] = (new & top).to_bytes(size, "big")
    return f"{count} numbers of {size} bytes"
