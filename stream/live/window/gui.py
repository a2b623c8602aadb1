"""OpenCV's HighGUI as a window needs it, and what it does that one must know."""

import os
import sys
from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Rect
from stream.errors import DisplayError

Bgr = NDArray[np.uint8]
"""(H, W, 3) uint8."""

FIRST_SIZE = (1280, 720)
NO_KEY = -1
WHEELS = (cv2.EVENT_MOUSEWHEEL, cv2.EVENT_MOUSEHWHEEL)


class Gui(Protocol):
    """One window. All of it on the main thread of its process."""

    @property
    def is_open(self) -> bool:
        """Whether nobody closed it."""

    @property
    def area(self) -> Rect:
        """Where its picture is on the desktop; its size is the one that fits without scaling."""

    def show(self, picture: Bgr) -> None:
        """Show a picture."""

    def key(self) -> int:
        """Do what the window system waits for, and give the code of a key; -1 for none."""

    def fill(self, monitor: Rect | None) -> None:
        """Fill a monitor; None: the one that the window is on."""

    def unfill(self) -> None:
        """Be an ordinary window again."""

    def resize(self, width: int, height: int) -> None:
        """Have the picture be so large."""


Opener = Callable[[str], Gui]
"""Opens a window with a title.

Raises:
    DisplayError: there can be none.
"""


def has_display() -> bool:
    """Whether there is any point in trying; where systems say nothing of it, there is."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


class HighGui:
    """A window of OpenCV's."""

    def __init__(self, title: str) -> None:
        """Open it.

        Args:
            title: which is also its name in HighGUI.

        Raises:
            DisplayError: this OpenCV has no windows. Where the display cannot be opened, Qt ends
                the process.
        """
        self._title = title
        self._filled = False
        self._monitor: Rect | None = None
        self._before: Rect | None = None
        self._wheeled = False
        _silence()
        self._open(*FIRST_SIZE)

    @property
    def is_open(self) -> bool:
        """See `Gui`; without it, `show` would open another window."""
        try:
            return bool(cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1)
        except cv2.error:  # Qt has gone with its last window
            return False

    @property
    def area(self) -> Rect:
        """See `Gui`."""
        x, y, width, height = cv2.getWindowImageRect(self._title)
        return Rect(x, y, max(width, 1), max(height, 1))

    def show(self, picture: Bgr) -> None:
        """See `Gui`."""
        if self._wheeled:
            self._unzoom()
        cv2.imshow(self._title, picture)

    def key(self) -> int:
        """See `Gui`."""
        return int(cv2.waitKeyEx(1))

    def fill(self, monitor: Rect | None) -> None:
        """See `Gui`; moved and sized by hand too, for desktops without a window manager."""
        self._before, self._monitor, self._filled = self.area, monitor, True
        if monitor is not None:
            cv2.moveWindow(self._title, monitor.x, monitor.y)
            cv2.resizeWindow(self._title, monitor.width, monitor.height)
        cv2.setWindowProperty(self._title, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN)

    def unfill(self) -> None:
        """See `Gui`."""
        self._filled = False
        cv2.setWindowProperty(self._title, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_NORMAL)
        if self._before is not None:
            cv2.moveWindow(self._title, self._before.x, self._before.y)
            cv2.resizeWindow(self._title, self._before.width, self._before.height)

    def resize(self, width: int, height: int) -> None:
        """See `Gui`."""
        cv2.resizeWindow(self._title, width, height)

    def _open(self, width: int, height: int) -> None:
        try:
            cv2.namedWindow(
                self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL
            )
        except cv2.error as problem:
            raise DisplayError(
                "this OpenCV was built without windows: install opencv-python, not "
                "opencv-python-headless"
            ) from problem
        cv2.setMouseCallback(self._title, self._moused)
        cv2.resizeWindow(self._title, width, height)

    def _moused(self, event: int, *_: object) -> None:
        self._wheeled |= event in WHEELS

    def _unzoom(self) -> None:
        """A wheel zooms HighGUI's picture, and AI OFF might be out of sight: begin anew."""
        self._wheeled = False
        area, before = self.area, self._before
        cv2.destroyWindow(self._title)
        self._open(area.width, area.height)
        cv2.moveWindow(self._title, area.x, area.y)
        if self._filled:
            self.fill(self._monitor)
            self._before = before


def _silence() -> None:
    """Qt writes whatever it likes to standard error, which is the main process's."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
