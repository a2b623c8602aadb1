"""A frame in a window: its own colours, as large as fits, black beside it."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture
from stream.frame import Frame
from stream.live.window.canvas import Canvas, fitting
from stream.sink.stills import still_of

SQUARE = Fraction(1)


def frame_of(layout, colour, size=(96, 64)):
    """Smooth waves in all planes."""
    kind = LAYOUTS[layout]
    planes = []
    for number, shape in enumerate(kind.plane_shapes(size[1], size[0])):
        rows, columns = np.indices(shape[:2])
        wave = 125 + 60 * np.sin(rows / 9 + number) + 30 * np.cos(columns / 13 - number)
        samples = (wave * (1 << (kind.bits - 8))).astype(kind.dtype) << kind.shift
        planes.append(np.stack([samples, samples[::-1]], -1) if len(shape) == 3 else samples)
    return Frame(0, 0, SQUARE, Picture(tuple(planes), kind, colour), 0.0)


@pytest.mark.parametrize(
    ("layout", "colour"),
    [
        ("yuv420p", Colour(Matrix.BT709)),
        ("yuv420p", Colour(Matrix.BT601, full_range=True)),
        ("nv12", Colour(Matrix.BT601)),
        ("yuv444p", Colour(Matrix.BT2020)),
        ("p010le", Colour(Matrix.BT709)),
        ("gray", Colour(Matrix.BT709, full_range=True)),
    ],
)
def test_colours_are_those_of_the_frames_own_matrix_and_range(layout, colour):
    frame = frame_of(layout, colour)
    painted = Canvas().paint(frame, SQUARE, 96, 64)
    assert painted.shape == (64, 96, 3)
    off = np.abs(painted.astype(int) - still_of(frame))
    assert off.mean() < 2  # chroma between its samples is placed differently


def test_another_matrix_would_be_seen():
    frame = frame_of("yuv420p", Colour(Matrix.BT709))
    other = frame_of("yuv420p", Colour(Matrix.BT601))
    off = np.abs(Canvas().paint(frame, SQUARE, 96, 64).astype(int) - still_of(other))
    assert off.mean() > 4


@pytest.mark.parametrize("size", [(48, 32), (192, 128), (288, 192)])
def test_pictures_become_smaller_and_larger_with_the_window(size):
    frame = frame_of("yuv420p", Colour(Matrix.BT709))
    painted = Canvas().paint(frame, SQUARE, *size)
    expected = cv2.resize(still_of(frame), size, interpolation=cv2.INTER_AREA)
    assert np.abs(painted.astype(int) - expected).mean() < 4


def test_black_is_beside_a_picture_of_another_shape():
    frame = frame_of("yuv420p", Colour(Matrix.BT709))
    painted = Canvas().paint(frame, SQUARE, 192, 64)
    assert (painted[:, :48] == 0).all()
    assert (painted[:, 144:] == 0).all()
    assert painted[:, 48:144].max(-1).min() > 0


def test_samples_that_are_no_squares_are_shown_as_wide_as_they_are():
    place = fitting(720 * Fraction(16, 11), 576, 1920, 1080)
    assert (place.width, place.height) == (1920, 1056)
    tiny = fitting(Fraction(1920), 1080, 1, 1)
    assert (tiny.width, tiny.height) == (1, 1)
