"""Damage to bytes: what disks, cables and broken copies do to a file."""

import random
from collections.abc import Callable

Damage = Callable[[bytearray, random.Random], str]
"""Changes a file's bytes in place and says how."""

HEAD = 2048
"""Bytes at either end of a file in which containers keep their headers and indices."""


def flip_bits(content: bytearray, rng: random.Random) -> str:
    """Turn single bits over, from one to some hundreds."""
    count = round(2 ** rng.uniform(0, 8))
    for _ in range(count):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return f"{count} bits flipped"


def damage_header(content: bytearray, rng: random.Random) -> str:
    """Change single bytes within the first or last bytes, where headers and indices are."""
    count, end = round(2 ** rng.uniform(0, 6)), rng.choice(("head", "tail"))
    reach = min(HEAD, len(content))
    for _ in range(count):
        place = rng.randrange(reach)
        content[place if end == "head" else -1 - place] = rng.choice((0, 255, rng.randrange(256)))
    return f"{count} bytes of its {end} changed"


def damage_numbers(content: bytearray, rng: random.Random) -> str:
    """Put numbers that break sums into the first or last bytes."""
    count, reach = rng.randint(1, 6), min(HEAD, len(content)) - 8
    odd = (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, rng.getrandbits(32))
    for _ in range(count):
        place = rng.choice((rng.randrange(reach), len(content) - 8 - rng.randrange(reach)))
        order = rng.choice(("big", "little"))
        content[place : place + 4] = rng.choice(odd).to_bytes(4, order)  # type: ignore[arg-type]
    return f"{count} odd numbers in its head and tail"


def truncate(content: bytearray, rng: random.Random) -> str:
    """Cut it off at any byte."""
    length = rng.randrange(len(content))
    del content[length:]
    return f"cut off at byte {length}"


def lose_head(content: bytearray, rng: random.Random) -> str:
    """Begin anywhere, as a recording of a broadcast does."""
    start = rng.randrange(len(content))
    del content[:start]
    return f"begins at byte {start}"


def overwrite(content: bytearray, rng: random.Random) -> str:
    """Put zeros or noise over a stretch, as a bad sector does."""
    start, length = rng.randrange(len(content)), round(2 ** rng.uniform(0, 13))
    length = min(length, len(content) - start)
    zeros = rng.random() < 0.5
    content[start : start + length] = bytes(length) if zeros else rng.randbytes(length)
    return f"{length} bytes of {'zeros' if zeros else 'noise'} at byte {start}"


def cut_out(content: bytearray, rng: random.Random) -> str:
    """Take a stretch out of the middle."""
    start, length = rng.randrange(len(content)), round(2 ** rng.uniform(0, 13))
    del content[start : start + length]
    return f"{length} bytes taken out at byte {start}"


def insert(content: bytearray, rng: random.Random) -> str:
    """Put noise, or a copy of a stretch, in between."""
    start, length = rng.randrange(len(content)), round(2 ** rng.uniform(0, 12))
    again = rng.random() < 0.5
    content[start:start] = content[start : start + length] if again else rng.randbytes(length)
    return f"{length} bytes {'repeated' if again else 'of noise'} at byte {start}"


def swap(content: bytearray, rng: random.Random) -> str:
    """Exchange two stretches."""
    length = round(2 ** rng.uniform(2, 12))
    first, second = sorted(rng.randrange(len(content)) for _ in range(2))
    length = min(length, second - first, len(content) - second)
    kept = content[first : first + length]
    content[first : first + length] = content[second : second + length]
    content[second : second + length] = kept
    return f"{length} bytes at {first} and {second} exchanged"
