"""Damage to packets: what networks and careless tools do to a stream, its container whole."""

import random
from pathlib import Path

import av
from av.packet import Packet

Packets = list["Packet[object]"]


def drop(packets: Packets, rng: random.Random) -> tuple[Packets, str]:
    """Lose some packets, the first one perhaps."""
    share = rng.choice((0.02, 0.1, 0.3, 0.7))
    kept = [packet for packet in packets if rng.random() > share] or packets[-1:]
    return kept, f"{len(packets) - len(kept)} of {len(packets)} packets dropped"


def lose_start(packets: Packets, rng: random.Random) -> tuple[Packets, str]:
    """Begin in the middle, behind a keyframe most likely."""
    first = rng.randrange(len(packets))
    return packets[first:], f"the first {first} packets dropped"


def repeat(packets: Packets, rng: random.Random) -> tuple[Packets, str]:
    """Send some packets' content again in place of the next one's."""
    count = rng.randint(1, 6)
    contents = [bytes(packet) for packet in packets]
    for _ in range(count):
        place = rng.randrange(len(packets))
        contents[min(place + 1, len(packets) - 1)] = contents[place]
    return _with(packets, contents), f"{count} packets repeated"


def exchange(packets: Packets, rng: random.Random) -> tuple[Packets, str]:
    """Exchange the contents of some packets."""
    count = rng.randint(1, 4)
    contents = [bytes(packet) for packet in packets]
    for _ in range(count):
        one, other = rng.randrange(len(packets)), rng.randrange(len(packets))
        contents[one], contents[other] = contents[other], contents[one]
    return _with(packets, contents), f"{count} pairs of packets exchanged"


def spoil(packets: Packets, rng: random.Random) -> tuple[Packets, str]:
    """Flip bits inside some packets."""
    count = rng.randint(1, max(1, len(packets) // 2))
    contents = [bytearray(bytes(packet)) for packet in packets]
    for _ in range(count):
        content = rng.choice(contents)
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return _with(packets, [bytes(content) for content in contents]), f"bits flipped in {count}"


def shorten(packets: Packets, rng: random.Random) -> tuple[Packets, str]:
    """Cut some packets short."""
    count = rng.randint(1, 4)
    contents = [bytes(packet) for packet in packets]
    for _ in range(count):
        place = rng.randrange(len(packets))
        contents[place] = contents[place][: rng.randrange(len(contents[place])) + 1]
    return _with(packets, contents), f"{count} packets cut short"


def jump(packets: Packets, rng: random.Random) -> tuple[Packets, str]:
    """Let times leap ahead from some packet on; containers refuse to write them going back."""
    first = rng.randrange(len(packets))
    unit = packets[0].time_base
    assert unit is not None
    leap = round(rng.choice((0.01, 0.5, 3, 600, 90_000)) / unit)
    for packet in packets[first:]:
        packet.dts = (packet.dts or 0) + leap
        packet.pts = (packet.pts or 0) + leap
    return packets, f"times leap ahead by {float(leap * unit):.3f} s at packet {first}"


def _with(packets: Packets, contents: list[bytes]) -> Packets:
    changed = []
    for packet, content in zip(packets, contents, strict=True):
        other: Packet[object] = Packet(content)
        other.dts, other.pts, other.time_base = packet.dts, packet.pts, packet.time_base
        other.duration, other.is_keyframe = packet.duration or 0, packet.is_keyframe
        changed.append(other)
    return changed


def remux(source: Path, target: Path, change: object, rng: random.Random) -> str:
    """Write a recording anew with its pictures' packets changed; sound goes along."""
    assert callable(change)
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", container_options={"fflags": "+bitexact"}) as written,
    ):
        streams = {
            stream.index: written.add_stream_from_template(stream, opaque=True)
            for stream in given.streams
        }
        video = given.streams.video[0].index
        packets = [packet for packet in given.demux() if packet.size and packet.dts is not None]
        pictures = [packet for packet in packets if packet.stream_index == video]
        others = [packet for packet in packets if packet.stream_index != video]
        changed, said = change(pictures, rng)
        for packet in changed:
            packet.stream = streams[video]
        for packet in others:
            packet.stream = streams[packet.stream_index]
        for packet in sorted([*changed, *others], key=lambda one: float(one.dts * one.time_base)):
            written.mux(packet)
    return said
