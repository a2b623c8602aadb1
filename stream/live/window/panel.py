"""What stands in the window beside the picture: recording, alarms, news, help."""

from collections.abc import Sequence

import cv2
import numpy as np

from stream.live.window.actions import KEYS
from stream.live.window.gui import Bgr
from stream.live.window.messages import Sign

WHITE, RED, YELLOW, GREY = (240, 240, 240), (70, 70, 255), (60, 220, 255), (170, 170, 170)
BACKGROUND = (24, 24, 24)

FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_HEIGHT = 22.0
"""Lines of a capital of this font at scale 1."""

LINES_PER_HEIGHT = 48
SMALLEST_HEIGHT = 10
LARGEST_SHARE = 0.92
"""Of the window's width that words may take; longer ones are written smaller."""

LINES_PER_FRAME = 150

HELD = "HELD - space lets it go on"

Words = tuple[str, tuple[int, int, int]]
"""A line and its colour."""


def draw_sign(canvas: Bgr, sign: Sign) -> None:
    """Write what stands beside the picture into its lower corners; nothing where there is nothing.

    There, endoscopes' screens have no tissue. A held picture has a frame too: it must not be
    taken for a live one.

    Args:
        canvas: (H, W, 3) uint8 BGR, in place.
        sign: what to write.
    """
    told: list[Words] = [
        (sign.news, WHITE),
        (sign.alarm, YELLOW),
        (sign.recording, RED),
    ]
    height, width = canvas.shape[:2]
    _draw_box(canvas, [line for line in told if line[0]], 0.0, bottom=height)
    if sign.held:
        thick = max(2, height // LINES_PER_FRAME)
        cv2.rectangle(canvas, (0, 0), (width - 1, height - 1), YELLOW, thick)
        _draw_box(canvas, [(HELD, YELLOW)], 1.0, bottom=height)


def draw_help(canvas: Bgr) -> None:
    """List the keys in the middle."""
    lines: list[Words] = [(f"{key.name:<7}{key.help}", WHITE) for key in KEYS]
    _draw_box(canvas, lines, 0.5, columns=7)


def draw_entry(canvas: Bgr, written: str) -> None:
    """Show the label as far as it is written."""
    lines: list[Words] = [
        ("Case label, part of every file's name", WHITE),
        ("Never a patient's name", YELLOW),
        (f"> {written}_", WHITE),
        ("Enter takes it, Escape leaves it as it was", GREY),
    ]
    _draw_box(canvas, lines, 0.5)


def _draw_box(
    canvas: Bgr, lines: Sequence[Words], across: float, *, bottom: int = 0, columns: int = 0
) -> None:
    """Lines on a dark box.

    Args:
        canvas: in place.
        lines: to write, in ASCII; what is not is replaced.
        across: where the box lies, from 0 at the left edge to 1 at the right.
        bottom: its lower edge; 0: in the middle.
        columns: letters that stand in a column of their own.
    """
    if not lines:
        return
    height, width = canvas.shape[:2]
    capital = float(max(SMALLEST_HEIGHT, height // LINES_PER_HEIGHT))
    texts = [text.encode("ascii", "replace").decode() for text, _ in lines]
    needed = max(_width(text, capital, columns) for text in texts) + 2 * capital
    capital *= min(
        1.0,
        LARGEST_SHARE * width / needed,
        LARGEST_SHARE * height / (2 * capital * (len(lines) + 1)),
    )
    box_width = round(max(_width(text, capital, columns) for text in texts) + 2 * capital)
    box_height = round(capital * (2 * len(lines) + 1))
    margin = round(capital)
    left = margin + round(across * (width - box_width - 2 * margin))
    top = (height - box_height) // 2 if not bottom else bottom - box_height - margin
    left, top = max(left, 0), max(top, 0)
    canvas[top : top + box_height, left : left + box_width] = BACKGROUND
    for number, (text, (_, colour)) in enumerate(zip(texts, lines, strict=True)):
        base = top + round(capital * (2 * number + 2))
        for part, offset in _parts(text, capital, columns):
            where = (left + round(capital + offset), base)
            _write(canvas, part, where, capital, colour)


def _parts(text: str, capital: float, columns: int) -> list[tuple[str, float]]:
    """A line's parts, and how far right each begins."""
    if not columns:
        return [(text, 0.0)]
    return [(text[:columns].rstrip(), 0.0), (text[columns:], columns * capital * 0.9)]


def _width(text: str, capital: float, columns: int) -> float:
    part, offset = _parts(text, capital, columns)[-1]
    (width, _), _ = cv2.getTextSize(part, FONT, capital / FONT_HEIGHT, _thickness(capital))
    return offset + float(width)


def _write(
    canvas: Bgr, text: str, where: tuple[int, int], capital: float, colour: tuple[int, int, int]
) -> None:
    cv2.putText(
        canvas, text, where, FONT, capital / FONT_HEIGHT, colour, _thickness(capital), cv2.LINE_AA
    )


def _thickness(capital: float) -> int:
    return max(1, round(capital / 11))


def blank(width: int, height: int) -> Bgr:
    """A window without a picture yet."""
    return np.zeros((height, width, 3), np.uint8)
