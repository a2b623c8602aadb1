"""What a V4L2 driver says of its device: name, formats, fields, whether there is a signal.

The kernel's own interface (linux/videodev2.h) by ioctl, since FFmpeg hands on none of it.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

Ioctl = Callable[[int, int, bytearray], int]

WRITE, READ = 1, 2
CAPTURE = 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE, and the capability of the same number."""

OUTPUT = 2
"""The same of devices that take pictures."""

DISCRETE = 1
DEVICE_CAPS = 0x8000_0000
NO_SIGNAL = 0x1 | 0x2 | 0x100 | 0x1_0000
"""Of an input's status: no power, no signal, no lock, no synchronisation."""

NO_TIMINGS = (errno.ENOLINK, errno.ENOLCK)
"""No cable; a signal that the receiver cannot lock to."""

INTERLACED, TOP_FIRST, BOTTOM_FIRST = 4, 8, 9
NTSC_LINES = 480

CAPABILITY = struct.Struct("<16s32s32sIII12x")
FORMAT_DESCRIPTION = struct.Struct("<III32s4sI12x")
FRAME_SIZE = struct.Struct("<I4sI6I8x")
FRAME_INTERVAL = struct.Struct("<I4sIII6I8x")
FORMAT = struct.Struct("<I4xII4sI184x")
INPUT = struct.Struct("<I32sIIIQII12x4x")
TIMINGS = struct.Struct("132x")
NUMBER = struct.Struct("<i")


def _request(direction: int, number: int, argument: struct.Struct) -> int:
    """The number of an ioctl, as the kernel's _IOC makes it."""
    return direction << 30 | argument.size << 16 | ord("V") << 8 | number


QUERYCAP = _request(READ, 0, CAPABILITY)
ENUM_FMT = _request(READ | WRITE, 2, FORMAT_DESCRIPTION)
G_FMT = _request(READ | WRITE, 4, FORMAT)
ENUMINPUT = _request(READ | WRITE, 26, INPUT)
G_INPUT = _request(READ, 38, NUMBER)
ENUM_FRAMESIZES = _request(READ | WRITE, 74, FRAME_SIZE)
ENUM_FRAMEINTERVALS = _request(READ | WRITE, 75, FRAME_INTERVAL)
QUERY_DV_TIMINGS = _request(READ, 99, TIMINGS)

FFMPEG_NAMES = {
    "MJPG": "mjpeg",
    "JPEG": "mjpeg",
    "H264": "h264",
    "YUYV": "yuyv422",
    "UYVY": "uyvy422",
    "NV12": "nv12",
    "YU12": "yuv420p",
    "YV12": "yuv420p",
    "422P": "yuv422p",
    "BGR3": "bgr24",
    "RGB3": "rgb24",
    "GREY": "gray",
}
"""What FFmpeg calls the formats that it takes from a device."""


@dataclass(frozen=True, slots=True)
class DeviceFormat:
    """A pixel format that a device has.

    Attributes:
        code: the driver's four letters.
        name: FFmpeg's name, or None where FFmpeg does not take it.
        sizes: each width and height with its rates, the fastest first; no rates where the
            driver gives a range instead.
    """

    code: str
    name: str | None
    sizes: tuple[tuple[int, int, tuple[Fraction, ...]], ...]

    def __str__(self) -> str:
        """`mjpeg 1920x1080 (60, 30)`, one size after another."""
        name = self.name or f"{self.code} (not readable)"
        shown = [
            f"{width}x{height}" + (f" ({', '.join(f'{float(rate):.5g}' for rate in rates)})")
            if rates
            else f"{width}x{height}"
            for width, height, rates in self.sizes
        ]
        return f"{name} {', '.join(shown)}"


@dataclass(frozen=True, slots=True)
class Device:
    """A video device.

    Attributes:
        path: where it is.
        name: of the card.
        driver: of the kernel.
        formats: what it can be asked for.
    """

    path: str
    name: str
    driver: str
    formats: tuple[DeviceFormat, ...]


def devices(folder: Path = Path("/dev"), ioctl: Ioctl = fcntl.ioctl) -> list[Device]:
    """Every device that captures video and may be opened, in the order of their numbers."""
    paths = sorted(folder.glob("video*"), key=lambda path: (len(path.name), path.name))
    found = []
    for path in paths:
        try:
            device = describe(str(path), ioctl)
        except OSError:
            continue
        if device is not None:
            found.append(device)
    return found


def describe(path: str, ioctl: Ioctl = fcntl.ioctl) -> Device | None:
    """What a device is and has; None where it captures no video.

    Raises:
        OSError: it cannot be opened, or is no V4L2 device.
    """
    with _opened(path) as descriptor:
        driver, card, capabilities = _capabilities(descriptor, ioctl)
        if not capabilities & CAPTURE:
            return None
        formats = tuple(_formats(descriptor, ioctl))
        return Device(path, card, driver, formats)


def takes_pictures(path: str, ioctl: Ioctl = fcntl.ioctl) -> bool:
    """Whether a device shows what is written to it, as a virtual camera does.

    Raises:
        OSError: it cannot be opened, or is no V4L2 device.
    """
    with _opened(path) as descriptor:
        return bool(_capabilities(descriptor, ioctl)[2] & OUTPUT)


def parity_of(path: str, ioctl: Ioctl = fcntl.ioctl) -> str | None:
    """Which field comes first ("tff", "bff") in what a device is set to; None for whole frames.

    Raises:
        OSError: it cannot be asked.
    """
    words = bytearray(FORMAT.pack(CAPTURE, 0, 0, b"", 0))
    with _opened(path) as descriptor:
        ioctl(descriptor, G_FMT, words)
    _, _, height, _, field = FORMAT.unpack(words)
    if field == INTERLACED:  # as the standard has it: 525 lines begin with the bottom one
        field = BOTTOM_FIRST if height == NTSC_LINES else TOP_FIRST
    return {TOP_FIRST: "tff", BOTTOM_FIRST: "bff"}.get(field)


def has_signal(path: str, ioctl: Ioctl = fcntl.ioctl) -> bool | None:
    """The driver's word on whether anything is connected; None where it has none.

    A USB camera says yes whatever it sees.
    """
    try:
        with _opened(path) as descriptor:
            try:
                ioctl(descriptor, QUERY_DV_TIMINGS, bytearray(TIMINGS.size))
            except OSError as problem:
                if problem.errno in NO_TIMINGS:
                    return False
            else:
                return True
            number = bytearray(NUMBER.size)
            ioctl(descriptor, G_INPUT, number)
            words = bytearray(INPUT.pack(NUMBER.unpack(number)[0], b"", 0, 0, 0, 0, 0, 0))
            ioctl(descriptor, ENUMINPUT, words)
            return not INPUT.unpack(words)[6] & NO_SIGNAL
    except OSError:
        return None


def size_taken(path: str, ioctl: Ioctl = fcntl.ioctl) -> tuple[int, int]:
    """Width and height of the pictures that a device takes now.

    Raises:
        OSError: it cannot be asked.
    """
    words = bytearray(FORMAT.pack(OUTPUT, 0, 0, b"", 0))
    with _opened(path) as descriptor:
        ioctl(descriptor, G_FMT, words)
    _, width, height, _, _ = FORMAT.unpack(words)
    return width, height


def _capabilities(descriptor: int, ioctl: Ioctl) -> tuple[str, str, int]:
    """The driver's name, the card's, and what this device of it can do."""
    words = bytearray(CAPABILITY.size)
    ioctl(descriptor, QUERYCAP, words)
    driver, card, _, _, whole, here = CAPABILITY.unpack(words)
    return _text(driver), _text(card), here if whole & DEVICE_CAPS else whole


def _formats(descriptor: int, ioctl: Ioctl) -> Iterator[DeviceFormat]:
    for index in range(64):
        words = bytearray(FORMAT_DESCRIPTION.pack(index, CAPTURE, 0, b"", b"", 0))
        if not _asked(descriptor, ioctl, ENUM_FMT, words):
            return
        code = FORMAT_DESCRIPTION.unpack(words)[4]
        sizes = tuple(
            (width, height, tuple(_rates(descriptor, ioctl, code, width, height)))
            for width, height in _sizes(descriptor, ioctl, code)
        )
        yield DeviceFormat(_text(code), FFMPEG_NAMES.get(_text(code)), sizes)


def _sizes(descriptor: int, ioctl: Ioctl, code: bytes) -> Iterator[tuple[int, int]]:
    for index in range(64):
        words = bytearray(FRAME_SIZE.pack(index, code, 0, *[0] * 6))
        if not _asked(descriptor, ioctl, ENUM_FRAMESIZES, words):
            return
        _, _, kind, width, most_wide, _, _, most_high, _ = FRAME_SIZE.unpack(words)
        if kind != DISCRETE:
            yield most_wide, most_high  # of a range, the largest
            return
        yield width, most_wide  # a discrete size is two words: its height is the second


def _rates(
    descriptor: int, ioctl: Ioctl, code: bytes, width: int, height: int
) -> Iterator[Fraction]:
    for index in range(64):
        words = bytearray(FRAME_INTERVAL.pack(index, code, width, height, 0, *[0] * 6))
        if not _asked(descriptor, ioctl, ENUM_FRAMEINTERVALS, words):
            return
        kind, seconds, parts = FRAME_INTERVAL.unpack(words)[4:7]
        if kind != DISCRETE or not seconds:
            return
        yield Fraction(parts, seconds)


def _asked(descriptor: int, ioctl: Ioctl, request: int, words: bytearray) -> bool:
    """Whether a list had an entry of this number."""
    try:
        ioctl(descriptor, request, words)
    except OSError:
        return False
    return True


def _text(words: bytes) -> str:
    return words.split(b"\0")[0].decode(errors="replace").strip()


@contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
