"""A virtual camera: what may be written to, and what is written; by no kernel's module."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from nets.picture import Colour, Matrix
from stream.errors import SinkError
from stream.publish import camera, sender
from stream.publish.link import PlainLink, link_to
from stream.publish.sender import Sender
from stream.publish.target import CAMERA, check_target
from stream.source import v4l2
from tests.stream.live.made import SIZE, frame
from tests.stream.live.test_v4l2 import Driver
from tests.stream.publish.published import Published


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "video10"
    file.touch()
    return str(file)


class Camera(Driver):
    """A device that takes pictures of one size."""

    def name(self, words):
        words[:] = v4l2.CAPABILITY.pack(b"v4l2 loopback", b"Dummy", b"", 1, 0x85200003, 0x05200002)

    def current(self, words):
        words[:] = v4l2.FORMAT.pack(2, 640, 480, b"YU12", 1)


def asked_of(driver, monkeypatch):
    """Has a made-up driver asked instead of the kernel."""
    for name in ("takes_pictures", "size_taken"):
        monkeypatch.setattr(v4l2, name, partial(getattr(v4l2, name), ioctl=driver))


def test_a_device_that_takes_pictures_is_known_from_one_that_gives_them(path, monkeypatch):
    asked_of(Camera(), monkeypatch)
    camera.check_camera(path)
    asked_of(Driver(), monkeypatch)
    with pytest.raises(SinkError, match="is no virtual camera"):
        camera.check_camera(path)


def test_a_device_that_keeps_another_size_is_refused(path, monkeypatch):
    asked_of(Camera(), monkeypatch)
    camera.check_size(path, (640, 480))
    with pytest.raises(SinkError, match="stays at 640x480, and the picture is 320x240"):
        camera.check_size(path, (320, 240))


def test_one_that_is_not_there_is_told_once_and_tried_again():
    check_target("/dev/video98")
    with Published("/dev/video98") as published:
        published.wait(lambda: published.warnings)
    (warning,) = published.warnings
    assert warning.startswith("not published to /dev/video98: there is no such device")
    assert "modprobe v4l2loopback" in warning


def test_what_is_no_video_device_and_what_is_not_ours_is_one_line(path, monkeypatch):
    for place in ("/dev/null", path):
        with pytest.raises(SinkError, match="is no video device"):
            camera.check_camera(place)

    def closed(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(v4l2, "takes_pictures", closed)
    with pytest.raises(SinkError, match="no permission to write to it: only the group '"):
        camera.check_camera(path)


@pytest.mark.parametrize("full_range", [False, True])
def test_whole_pictures_are_written_in_the_colours_that_a_camera_has(path, monkeypatch, full_range):
    """The muxer writes to a file instead of a device."""
    link = PlainLink(path, replace(CAMERA, format="rawvideo"))
    monkeypatch.setattr(sender, "link_to", lambda url: link)
    given = frame(0, 1.0)
    for plane, level in zip(given.picture.planes, (90, 100, 170), strict=True):
        plane[...] = level
    colour = Colour(Matrix.BT709, full_range)
    given = given.with_picture(replace(given.picture, colour=colour))
    sending = Sender(path, given)
    for number in range(3):
        assert sending.send(replace(given, arrived_at=1 + number / 25))
    sending.close()
    written = np.fromfile(path, np.uint8).reshape(3, -1)
    luma = SIZE[0] * SIZE[1]
    assert written.shape[1] == luma * 3 // 2
    levels = [written[:, part].mean() for part in slices(luma)]
    assert levels == pytest.approx(as_camera(colour), abs=1.5)


def slices(luma):
    return slice(luma), slice(luma, luma * 5 // 4), slice(luma * 5 // 4, None)


def as_camera(colour):
    """Levels 90, 100, 170 in BT.601 of limited range, by way of RGB as the standards have it."""
    red, blue = (0.2126, 0.0722)
    luma, chroma = (90 / 255, 255) if colour.full_range else ((90 - 16) / 219, 224)
    cb, cr = (100 - 128) / chroma, (170 - 128) / chroma
    r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
    g = (luma - red * r - blue * b) / (1 - red - blue)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return [16 + 219 * y, 128 + 224 * (b - y) / 1.772, 128 + 224 * (r - y) / 1.402]


def test_a_file_under_a_cameras_name_is_not_written_to(path):
    with pytest.raises(SinkError, match="is no video device"):
        link_to("/dev/null")
