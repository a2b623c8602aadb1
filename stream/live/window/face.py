"""The window itself, in its process: shows the newest picture, and hears keys."""

import time
from collections.abc import Callable
from fractions import Fraction

from nets.picture import Rect
from stream.child import Said
from stream.frame import Frame
from stream.live.window.actions import (
    BACKSPACE,
    DELETE,
    ENTER,
    ESCAPE,
    Action,
    action_of,
)
from stream.live.window.canvas import Canvas
from stream.live.window.gui import NO_KEY, Gui
from stream.live.window.messages import (
    Closed,
    Done,
    Labelled,
    Order,
    Place,
    Pressed,
    Shot,
    Sign,
    Word,
)
from stream.live.window.monitors import in_words, monitor_of
from stream.live.window.panel import blank, draw_entry, draw_help, draw_sign
from stream.recording.names import LONGEST_LABEL
from stream.ring import Rings

LABEL_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- "

FIRST_SHARE = 0.9
"""Of its monitor that an ordinary window may take at first."""


class Face:
    """What one window shows."""

    def __init__(
        self,
        gui: Gui,
        place: Place,
        tell: Callable[[Word], None],
        *,
        monitors: Callable[[], list[Rect]],
    ) -> None:
        """Take an open window over.

        Args:
            gui: the window.
            place: where it shall be.
            tell: tells the main process.
            monitors: lists them.
        """
        self._gui, self._place, self._tell, self._monitors = gui, place, tell, monitors
        self._canvas = Canvas()
        self._rings = Rings()
        self._under_way: Shot | None = None
        self._frame: Frame | None = None
        self._aspect = Fraction(1)
        self._sign = Sign()
        self._painted: tuple[int, int] | None = None
        self._stale = True
        self._filled = False
        self._helps = False
        self._entry: str | None = None
        if place.monitor is not None:
            self._fill_named(place.monitor)

    def take(self, orders: list[Order]) -> None:
        """What came from the main process since the last time: only the newest picture counts."""
        shots = [order for order in orders if isinstance(order, Shot)]
        for shot in shots[:-1]:
            self._rings.skip(shot.ring, shot.slotted)
            self._tell(Done(shot.slotted.arrived_at, None))
        if shots:
            newest = self._under_way = shots[-1]
            first = self._frame is None
            self._frame = self._rings.take(newest.ring, newest.slotted)
            self._aspect = newest.aspect
            if first and not self._filled:
                self._resize_to(self._frame)
        if orders:
            last = orders[-1]
            self._sign = last.sign if isinstance(last, Shot) else last
            self._stale = True

    def turn(self) -> bool:
        """Paint what is new, do what the window system waits for, and hear keys.

        Returns:
            Whether the window is still open.
        """
        if not self._gui.is_open:
            self._tell(Closed())
            return False
        area = self._gui.area
        if self._stale or self._painted != (area.width, area.height):
            self._paint(area)
        code = self._gui.key()
        shot, self._under_way = self._under_way, None
        if shot is not None:  # on the screen, now that the window system has been heard
            self._tell(Done(shot.slotted.arrived_at, time.monotonic()))
        while code != NO_KEY:
            self._hear(code)
            code = self._gui.key()
        return True

    def close(self) -> None:
        """Let go of what was shown."""
        self._rings.close()

    def _paint(self, area: Rect) -> None:
        width, height = area.width, area.height
        if self._frame is None:
            canvas = blank(width, height)
        else:
            canvas = self._canvas.paint(self._frame, self._aspect, width, height)
        draw_sign(canvas, self._sign)
        if self._helps:
            draw_help(canvas)
        if self._entry is not None:
            draw_entry(canvas, self._entry)
        self._gui.show(canvas)
        self._painted, self._stale = (width, height), False

    def _hear(self, code: int) -> None:
        if self._entry is not None:
            self._write(code)
            return
        action = action_of(code)
        match action:
            case Action.HELP:
                self._helps = not self._helps
            case Action.LABEL:
                self._entry, self._helps = self._sign.label, False
            case Action.FILL:
                self._toggle_fill()
            case None:
                if code == ESCAPE:
                    self._helps = False
            case _:
                self._tell(Pressed(action))
        self._stale = True

    def _write(self, code: int) -> None:
        """A key while a label is being written."""
        written = self._entry or ""
        if code in (ENTER, ESCAPE):
            self._entry = None
            if code == ENTER:
                self._tell(Labelled(written.strip()))
        elif code in (BACKSPACE, DELETE):
            self._entry = written[:-1]
        elif 0 <= code < 128 and chr(code) in LABEL_LETTERS and len(written) < LONGEST_LABEL:
            self._entry = written + chr(code)
        self._stale = True

    def _toggle_fill(self) -> None:
        self._filled = not self._filled
        if not self._filled:
            self._gui.unfill()
            return
        monitors, number = self._monitors(), self._place.monitor
        if number is not None and number <= len(monitors):
            self._gui.fill(monitors[number - 1])
        else:
            self._gui.fill(monitor_of(self._gui.area, monitors))

    def _fill_named(self, number: int) -> None:
        """Fill the monitor that was asked for."""
        monitors = self._monitors()
        if number > len(monitors):
            self._tell(Said(f"there is no monitor {number} ({in_words(monitors)}): a window it is"))
            return
        self._gui.fill(monitors[number - 1])
        self._filled = True

    def _resize_to(self, frame: Frame) -> None:
        """Make an ordinary window as large as its picture, if the monitor is."""
        width, height = float(frame.picture.width * self._aspect), float(frame.picture.height)
        monitor = monitor_of(self._gui.area, self._monitors())
        if monitor is not None:
            room = FIRST_SHARE * min(monitor.width / width, monitor.height / height)
            width, height = width * min(room, 1.0), height * min(room, 1.0)
        self._gui.resize(round(width), round(height))
