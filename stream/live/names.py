"""What rooms are called: by their address, without secrets, each differently."""

from collections import Counter
from collections.abc import Sequence

from stream.source.address import redacted


def names_of(addresses: Sequence[str]) -> list[str]:
    """A name for each source, in order.

    >>> names_of(["rtsp://a:b@10.0.0.7/one", "/dev/video0", "/dev/video0"])
    ['rtsp://***@10.0.0.7/one', '/dev/video0', '/dev/video0 (2)']
    """
    times: Counter[str] = Counter()
    names = []
    for address in addresses:
        name = redacted(address)
        times[name] += 1
        names.append(name if times[name] == 1 else f"{name} ({times[name]})")
    return names
