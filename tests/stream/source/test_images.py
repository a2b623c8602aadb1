"""A folder of pictures as a recording."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from stream.errors import SourceError
from stream.source.images import open_images


def save(path, size=(40, 30), level=100, channels=3):
    shape = (size[1], size[0]) if channels == 1 else (size[1], size[0], channels)
    assert cv2.imwrite(str(path), np.full(shape, level, np.uint8))


def test_pictures_come_in_the_order_of_their_numbers(tmp_path):
    for number, level in ((10, 150), (2, 100), (1, 50)):
        save(tmp_path / f"frame_{number}.png", level=level)
    with open_images(tmp_path, rate=Fraction(5)) as source:
        frames = list(source)
    assert [int(frame.picture.planes[0][0, 0]) for frame in frames] == [50, 100, 150]
    assert [frame.seconds for frame in frames] == [0, Fraction(1, 5), Fraction(2, 5)]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert (source.width, source.height, source.frame_count, source.rate) == (40, 30, 3, 5)
    assert source.broken_off is None
    assert source.take_packets() == []


@pytest.mark.parametrize(
    ("name", "channels", "layout"),
    [
        ("a.png", 3, "yuv444p"),
        ("a.png", 4, "yuv444p"),
        ("a.png", 1, "gray"),
        ("a.jpg", 3, "yuv420p"),
        ("a.jpg", 1, "gray"),
        ("a.bmp", 3, "yuv444p"),
        ("a.tif", 3, "yuv444p"),
        ("a.ppm", 3, "yuv444p"),
    ],
)
def test_pictures_of_every_kind_are_full_range(tmp_path, name, channels, layout):
    save(tmp_path / name, channels=channels)
    with open_images(tmp_path) as source:
        (frame,) = source
    assert frame.picture.layout.name == layout
    assert frame.picture.colour.full_range
    assert abs(int(frame.picture.planes[0][15, 20]) - 100) <= 1


def test_an_unreadable_picture_leaves_its_moment_empty(tmp_path):
    for number in (1, 2, 3):
        save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_text("no picture")
    with open_images(tmp_path) as source:
        frames = list(source)
    assert [(frame.index, frame.pts) for frame in frames] == [(0, 0), (1, 2)]
    assert "a picture could not be read and was left out" in source.warnings.counts


def test_pictures_may_differ_in_size(tmp_path):
    save(tmp_path / "1.png")
    save(tmp_path / "2.png", size=(64, 48))
    with open_images(tmp_path) as source:
        assert [frame.picture.width for frame in source] == [40, 64]


def test_a_folder_without_pictures_is_one_clear_line(tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(SourceError, match="holds no pictures"):
        open_images(tmp_path)


def test_a_folder_of_broken_pictures_is_one_clear_line(tmp_path):
    (tmp_path / "a.png").write_text("none")
    with pytest.raises(SourceError, match="not one of its 1 pictures can be read"):
        open_images(tmp_path)


def test_a_missing_folder_is_one_clear_line(tmp_path):
    with pytest.raises(SourceError, match="No such file"):
        open_images(tmp_path / "none")
