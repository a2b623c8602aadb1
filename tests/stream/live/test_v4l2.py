"""What a V4L2 driver says, from a driver that is made up: its answers are the kernel's bytes."""

import errno
from fractions import Fraction
from pathlib import Path

import pytest

from stream.errors import UnusableSourceError
from stream.source import v4l2
from stream.source.asked import Asked
from stream.source.device import open_device, refusal

FORMATS = {
    b"MJPG": {(1920, 1080): [(1, 60), (1001, 30000)], (1280, 720): [(1, 60)]},
    b"P010": {(1920, 1080): [(1, 25)]},
}


class Driver:
    """A grabber's driver, as `fcntl.ioctl` would ask it."""

    def __init__(self, *, field: int = 1, height: int = 1080, timings: int = 0, status: int = 0):
        self.field, self.height, self.timings, self.status = field, height, timings, status

    def __call__(self, descriptor: int, request: int, words: bytearray) -> int:
        answers = {
            v4l2.QUERYCAP: self.name,
            v4l2.ENUM_FMT: self.format,
            v4l2.ENUM_FRAMESIZES: self.size,
            v4l2.ENUM_FRAMEINTERVALS: self.interval,
            v4l2.G_FMT: self.current,
            v4l2.QUERY_DV_TIMINGS: self.lock,
            v4l2.G_INPUT: lambda words: None,
            v4l2.ENUMINPUT: self.input,
        }
        answers[request](words)
        return 0

    def name(self, words):
        words[:] = v4l2.CAPABILITY.pack(b"uvcvideo", b"USB grabber", b"usb", 1, 0x84A00001, 1)

    def format(self, words):
        code = entry(list(FORMATS), words)
        words[:] = v4l2.FORMAT_DESCRIPTION.pack(words[0], 1, 0, b"", code, 0)

    def size(self, words):
        code = bytes(words[4:8])
        width, height = entry(list(FORMATS[code]), words)
        words[:] = v4l2.FRAME_SIZE.pack(words[0], code, 1, width, height, 0, 0, 0, 0)

    def interval(self, words):
        _, code, width, height = v4l2.FRAME_INTERVAL.unpack(words)[:4]
        one, two = entry(FORMATS[code][width, height], words)
        words[:] = v4l2.FRAME_INTERVAL.pack(words[0], code, width, height, 1, one, two, 0, 0, 0, 0)

    def current(self, words):
        words[:] = v4l2.FORMAT.pack(1, 1920, self.height, b"UYVY", self.field)

    def lock(self, words):
        if self.timings:
            raise OSError(self.timings, "")

    def input(self, words):
        words[:] = v4l2.INPUT.pack(0, b"", 2, 0, 0, 0, self.status, 0)


def entry(entries: list, words: bytearray):
    """The entry whose number is in the first byte, or the end of the list."""
    if words[0] >= len(entries):
        raise OSError(errno.EINVAL, "")
    return entries[words[0]]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Something to open where a device would be."""
    file = tmp_path / "video0"
    file.touch()
    return str(file)


def test_the_requests_are_the_kernels():
    """As a C compiler prints them from linux/videodev2.h on a 64-bit machine."""
    assert (v4l2.QUERYCAP, v4l2.ENUM_FMT, v4l2.G_FMT) == (0x80685600, 0xC0405602, 0xC0D05604)
    assert (v4l2.ENUM_FRAMESIZES, v4l2.ENUM_FRAMEINTERVALS) == (0xC02C564A, 0xC034564B)
    assert (v4l2.ENUMINPUT, v4l2.G_INPUT) == (0xC050561A, 0x80045626)
    assert v4l2.QUERY_DV_TIMINGS == 0x80845663


def test_a_device_tells_its_formats_sizes_and_rates(path):
    device = v4l2.describe(path, Driver())
    assert (device.name, device.driver) == ("USB grabber", "uvcvideo")
    mjpeg, p010 = device.formats
    assert mjpeg.name == "mjpeg"
    assert mjpeg.sizes[0] == (1920, 1080, (Fraction(60), Fraction(30000, 1001)))
    assert str(mjpeg) == "mjpeg 1920x1080 (60, 29.97), 1280x720 (60)"
    assert str(p010) == "P010 (not readable) 1920x1080 (25)"


def test_devices_are_listed_by_number_and_what_is_no_device_is_left_out(tmp_path):
    for name in ("video10", "video2"):
        (tmp_path / name).touch()
    listed = v4l2.devices(tmp_path, Driver())
    assert [Path(device.path).name for device in listed] == ["video2", "video10"]
    assert v4l2.devices(tmp_path) == []  # the files that they are


@pytest.mark.parametrize(
    ("field", "height", "parity"),
    [(1, 1080, None), (4, 1080, "tff"), (4, 576, "tff"), (4, 480, "bff"), (9, 576, "bff")],
)
def test_the_order_of_fields_is_the_drivers_or_the_standards(path, field, height, parity):
    assert v4l2.parity_of(path, Driver(field=field, height=height)) == parity


@pytest.mark.parametrize(
    ("driver", "signal"),
    [
        (Driver(), True),
        (Driver(timings=errno.ENOLINK), False),
        (Driver(timings=errno.ENOTTY), True),
        (Driver(timings=errno.ENOTTY, status=2), False),
    ],
)
def test_the_driver_is_asked_whether_there_is_a_signal(path, driver, signal):
    assert v4l2.has_signal(path, driver) is signal


def test_of_what_is_no_device_nothing_is_known(path):
    assert v4l2.has_signal(path) is None


def test_a_device_that_is_not_there_is_said():
    with pytest.raises(UnusableSourceError, match="/dev/video98: there is no such device"):
        open_device("/dev/video98", Asked())


def test_a_file_under_a_devices_name_is_said(path):
    with pytest.raises(UnusableSourceError, match="is no device"):
        open_device(path, Asked())


def test_a_device_of_another_kind_is_said():
    with pytest.raises(UnusableSourceError, match="is no video device"):
        open_device("/dev/null", Asked())


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EBUSY, "is in use by another program"),
        (errno.EACCES, "no permission to read it: only the group"),
        (errno.ENODEV, "its card is gone"),
    ],
)
def test_what_is_wrong_with_a_device_is_one_line(path, number, said):
    assert said in refusal(path, OSError(number, "as the system says it"))


def test_a_format_that_the_driver_refuses_is_answered_with_those_it_has(path):
    device = v4l2.describe(path, Driver())
    said = refusal(path, OSError(errno.EINVAL, "Invalid argument"), device)
    assert said.startswith("does not give what is asked for; USB grabber has: mjpeg 1920x1080")
