"""Pictures in packets that no parser of FFmpeg's has looked at (ITU-T H.262, H.264, H.265).

That parser knows a picture's end by the beginning of the next one, and so hands each on one
picture late: 40 ms at 25 a second. Senders put one whole picture into a packet; where a stream
does so, its packets can be decoded as they come.
"""

from collections.abc import Iterator

START = b"\x00\x00\x01"

CODECS = ("h264", "hevc", "mpeg2video")
"""FFmpeg's names of those whose packets can be judged here."""

RECOVERY_POINT = 6
"""Supplemental information of H.264 by which a decoder may begin without an IDR picture."""


def is_one_picture(content: bytes, codec: str) -> bool:
    """Whether a packet holds one picture, from its beginning.

    Two fields of one are two here: what is coded in fields is the parser's to put together.

    Args:
        content: a packet, whose units begin with start codes.
        codec: one of `CODECS`.
    """
    begins = [_begins_picture(unit, codec) for unit in _units(content) if _is_coded(unit, codec)]
    return begins[:1] == [True] and not any(begins[1:])


def is_keyframe(content: bytes, codec: str) -> bool:
    """Whether a decoder can begin with a packet; arguments as of `is_one_picture`."""
    for unit in _units(content):
        kind = _kind(unit, codec)
        match codec:
            case "h264":
                if kind == 5 or (kind == 6 and _tells_recovery(unit)):
                    return True
            case "hevc":
                if 16 <= kind <= 23:
                    return True
            case _:
                if kind == 0 and len(unit) > 2 and unit[2] >> 3 & 7 == 1:  # an I picture
                    return True
    return False


def _units(content: bytes) -> Iterator[bytes]:
    """What stands behind each start code, an empty one left out."""
    return (unit for unit in content.split(START)[1:] if unit)


def _kind(unit: bytes, codec: str) -> int:
    if codec == "h264":
        return unit[0] & 0x1F
    return unit[0] >> 1 & 0x3F if codec == "hevc" else unit[0]


def _is_coded(unit: bytes, codec: str) -> bool:
    """Whether a unit holds a part of a picture; of H.262, a picture's header."""
    kind = _kind(unit, codec)
    if codec == "h264":
        return kind in (1, 2, 5)
    return kind < 32 if codec == "hevc" else kind == 0


def _begins_picture(unit: bytes, codec: str) -> bool:
    """Whether a coded unit is the first of its picture: of a slice, that it begins at the top."""
    if codec == "mpeg2video":
        return True
    place = 1 if codec == "h264" else 2  # the bit behind the unit's own header
    return len(unit) > place and bool(unit[place] & 0x80)


def _tells_recovery(unit: bytes) -> bool:
    """Whether a unit of supplemental information (H.264, 7.3.2.3.1) holds a recovery point."""
    at = 1
    while at + 2 < len(unit):
        kind, at = _sum_of_bytes(unit, at)
        size, at = _sum_of_bytes(unit, at)
        if kind == RECOVERY_POINT:
            return True
        at += size
    return False


def _sum_of_bytes(unit: bytes, at: int) -> tuple[int, int]:
    """A number written as 255s and a rest, and where it ends."""
    total = 0
    while at < len(unit):
        total, at = total + unit[at], at + 1
        if unit[at - 1] != 255:
            break
    return total, at
