"""Parameter sets of H.264 and HEVC that travel with the pictures (ITU-T H.264, H.265, Annex B)."""

START = b"\x00\x00\x01"

PARAMETER_SETS = {"h264": (7, 8), "hevc": (32, 33, 34)}
"""Types of units: SPS and PPS; VPS, SPS and PPS."""


def parameter_sets(content: bytes, codec: str) -> bytes:
    """The parameter sets in a packet, each behind a start code; empty where there are none.

    Args:
        content: a packet, whose units begin with start codes.
        codec: FFmpeg's name.
    """
    wanted = PARAMETER_SETS.get(codec)
    if wanted is None or not content.lstrip(b"\x00").startswith(b"\x01"):
        return b""
    sets = b""
    for unit in content.split(START)[1:]:
        kind = unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F if unit else -1
        if kind in wanted:
            sets += b"\x00" + START + unit.rstrip(b"\x00")
    return sets
