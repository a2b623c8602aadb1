"""What stands beside the picture: nothing where there is nothing to say."""

import numpy as np
import pytest

from stream.live.window.messages import Sign
from stream.live.window.panel import YELLOW, draw_entry, draw_help, draw_sign


def grey(width=640, height=480):
    return np.full((height, width, 3), 128, np.uint8)


def test_with_nothing_to_say_every_sample_stays():
    canvas = grey()
    draw_sign(canvas, Sign(label="case 7"))
    assert (canvas == 128).all()


def test_a_recording_stands_in_the_lower_left_corner_and_nowhere_else():
    canvas = grey()
    draw_sign(canvas, Sign(recording="REC 0:00:07 case-7", alarm="3 frames lost"))
    changed = (canvas != 128).any(-1)
    rows, columns = np.nonzero(changed)
    assert rows.min() > 240 * 1.5
    assert columns.max() < 320
    reds = canvas[changed].astype(int)
    assert (reds[:, 2] - reds[:, 0]).max() > 100


def test_a_held_picture_has_a_frame_all_around():
    canvas = grey()
    draw_sign(canvas, Sign(held=True))
    for edge in (canvas[0], canvas[-1], canvas[:, 0], canvas[:, -1]):
        assert (edge == YELLOW).all()
    assert (canvas[240, 320] == 128).all()


@pytest.mark.parametrize("size", [(1, 1), (40, 30), (160, 90), (320, 240), (3840, 2160)])
def test_words_fit_into_windows_of_every_size(size):
    canvas = grey(*size)
    draw_sign(canvas, Sign("REC 10:00:00 " + "x" * 40, "a" * 300, "Größe ✓", held=True))
    draw_help(canvas)
    draw_entry(canvas, "case-7")
    assert canvas.shape == (size[1], size[0], 3)


def test_help_and_label_cover_the_middle_alone():
    for draw in (draw_help, lambda canvas: draw_entry(canvas, "case 7")):
        canvas = grey(1280, 720)
        draw(canvas)
        changed = (canvas != 128).any(-1)
        assert changed[360, 640]
        assert not changed[:20].any()
        assert not changed[:, :20].any()
