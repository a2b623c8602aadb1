"""From what a user types to an open live source: a device, a URL, a file, or `scheme:`."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import av

from stream.errors import SettingsError, UnusableSourceError
from stream.source import screen
from stream.source.address import COMMAND, redacted
from stream.source.arrival import LiveSource
from stream.source.asked import Asked
from stream.source.command import CommandSource, words_of
from stream.source.incoming import Opened
from stream.source.network import open_network
from stream.source.paced import PacedSynthetic, open_paced_file
from stream.source.reading import StreamSource
from stream.source.synthetic.address import SCHEME as SYNTHETIC
from stream.source.synthetic.address import parse_address
from stream.tally import Tally

CAMERA = "camera:"
PATTERN = "lavfi:"
"""FFmpeg's own test pictures, such as `lavfi:testsrc2=size=1280x720:rate=30`."""

DEVICE = re.compile(r"/dev/video\d+")


def is_live(name: str) -> bool:
    """Whether a name is of something live, rather than of a recording that has an end.

    A URL of `http` may be either; it counts as a recording where its path ends like one.
    """
    if name.startswith((screen.SCHEME, CAMERA, PATTERN, COMMAND)) or DEVICE.fullmatch(name):
        return True
    url = urlsplit(name)
    if url.scheme in ("http", "https"):
        return url.path.endswith((".m3u8", ".ts", "/"))
    return "://" in name and url.scheme != "file"


def check_live(name: str) -> None:
    """Refuse at once what no process has to be started for.

    Raises:
        SettingsError: the address makes no sense.
    """
    if name.startswith(SYNTHETIC):
        parse_address(name)
    elif name.startswith(COMMAND):
        words_of(name)
    elif "://" in name:
        try:
            port = urlsplit(name).port
        except ValueError:
            raise SettingsError(f"{redacted(name)}: its port is no number up to 65535") from None
        if urlsplit(name).scheme in ("udp", "rtp") and port is None:
            raise SettingsError(f"{redacted(name)}: names no port: udp://ADDRESS:PORT")


def open_live(name: str, asked: Asked, warnings: Tally) -> LiveSource:
    """Open a live source.

    Args:
        name: `/dev/video0`, a URL, `x11grab:`, `camera:0`, `exec:COMMAND`, `lavfi:`,
            `synthetic:`, or a file, which comes at its own pace.
        asked: what is wanted of it.
        warnings: counts what is wrong with it.

    Raises:
        UnusableSourceError: someone has to mend something first.
        SourceError: it cannot be opened now.
        SettingsError: the address makes no sense.
    """
    if name.startswith(SYNTHETIC):
        return PacedSynthetic(name, warnings)
    if name.startswith(CAMERA):
        from stream.source.camera import CameraSource

        return CameraSource(name, asked, warnings)
    if name.startswith(COMMAND):
        return CommandSource(name, asked, warnings)
    opener = _opener(name)
    if opener is None:
        return open_paced_file(name.removeprefix("file://"), asked, warnings)
    opened = opener(name, asked)
    try:
        return StreamSource(opened, asked, warnings)
    except BaseException:
        opened.container.close()
        raise


def _opener(name: str) -> Callable[[str, Asked], Opened] | None:
    """What opens such a name; None for a file."""
    if DEVICE.fullmatch(name):
        from stream.source.device import open_device  # needs a system that has V4L2

        return open_device
    if name.startswith(screen.SCHEME):
        return screen.open_screen
    if name.startswith(PATTERN):
        return open_pattern
    return open_network if "://" in name and not name.startswith("file://") else None


def open_pattern(address: str, asked: Asked) -> Opened:
    """FFmpeg's own test pictures, at their own pace.

    Raises:
        UnusableSourceError: there is no such pattern.
    """
    graph = f"{address.removeprefix(PATTERN)},realtime"
    try:
        return Opened(av.open(graph, format="lavfi"), address)
    except (av.FFmpegError, OSError, ValueError) as problem:
        raise UnusableSourceError(f"{address}: FFmpeg has no such test picture") from problem
