"""The view over a recording: steady while scenes go dark and blurred, quick when it moves."""

import re
from collections import deque
from fractions import Fraction
from typing import Literal

from nets.picture import Picture, Rect
from nets.view import find_view
from nets.view.sides import sides_passed, union
from stream.errors import SettingsError
from stream.frame import Frame

ViewSetting = Literal["auto", "full"] | Rect
"""Look for the view, take the whole frame, or take this rectangle."""

LOOK_EVERY = Fraction(3, 10)
"""Seconds of media time between looks while nothing changes."""

LOOK_AGAIN = Fraction(3, 20)
"""The same after a look that saw something else: a view that moved is found within a second."""

LOOKS_KEPT = 5
"""Looks that are compared: one of them may be wrong."""

LOOKS_TO_GROW = 2
"""Looks that agree on a larger view before it is taken: larger loses nothing."""

LOOKS_TO_MOVE = 4
"""Looks that agree on any other: a dark scene does not keep to one rectangle so long."""

LOOKS_TO_DOUBT = 2
"""Looks that agree on a smaller view before the one taken is in doubt."""

ALIKE_SHARE = 0.01
"""Views whose sides differ by less than this share of the frame's are the same."""


def parse_view(text: str) -> ViewSetting:
    """What `--view` says: `auto`, `full` or `x,y,width,height` in pixels of the frame.

    Raises:
        SettingsError: it is none of them.
    """
    if text == "auto":
        return "auto"
    if text == "full":
        return "full"
    if not re.fullmatch(r"\s*\d+(\s*,\s*\d+){3}\s*", text):
        raise SettingsError(f"view {text!r} is not known: write auto, full or x,y,width,height")
    rect = Rect(*(int(number) for number in text.split(",")))
    if rect.width == 0 or rect.height == 0:
        raise SettingsError(f"view {text!r} is empty: width and height come last, in pixels")
    return rect


class ViewFinder:
    """Tells a recording's view frame by frame; the same frames give the same views.

    It looks at a frame now and then, by media time. The first view found is taken at once,
    another when several looks agree on it.

    Attributes:
        visible: the latest look saw a view; always true where none is looked for.
        settled: looks agree on the view. False while the picture seems to have moved and it is
            not known where to: from the first look that sees it elsewhere, from the second
            where it seems to have shrunk, as it does in the dark.
    """

    def __init__(self, setting: ViewSetting | str = "auto", *, watchful: bool = False) -> None:
        """Start with nothing seen.

        Args:
            setting: whether to look, or what to take.
            watchful: look at every frame, so that `visible` and `surely` are of that very frame.
        """
        self._setting = parse_view(setting) if isinstance(setting, str) else setting
        self._watchful = watchful
        self._latest: Rect | None = None
        self.visible = self._setting != "auto"
        self.settled = True
        self._size: tuple[int, int] | None = None
        self._view: Rect | None = None
        self._looks: deque[Rect] = deque(maxlen=LOOKS_KEPT)
        self._looked_at: Fraction | None = None
        self._wait = LOOK_EVERY

    def update(self, frame: Frame) -> Rect:
        """The view in a frame: the whole frame until one has been found.

        Returns:
            A rectangle of luma samples on the chroma grid.

        Raises:
            SettingsError: the rectangle asked for does not fit into the frame.
        """
        picture = frame.picture
        if self._size != (picture.width, picture.height):
            self._start(picture)
        if self._setting == "auto":
            due = self._is_due(frame.seconds)
            if due or self._watchful:
                self._latest = find_view(picture)
                self.visible = self._latest is not None
            if due:
                self._looked_at = frame.seconds
                self._weigh(self._latest, picture)
        return picture.aligned(self._view or picture.whole)

    def surely(self, picture: Picture) -> Rect | None:
        """What is endoscope's picture beyond doubt in the frame of the latest `update`.

        The view, less what the latest look did not take for it where both differ by more than
        the finder's unrest: a view that shrinks or moves is followed at once. None where that
        look saw none.
        """
        if not self.visible:
            return None
        view, latest = self._view or picture.whole, self._latest
        if latest is None or _are_alike(latest, view, picture):
            return picture.aligned(view)
        return picture.aligned(_common(latest, view))

    def _start(self, picture: Picture) -> None:
        """Forget what was seen at another size."""
        self._view = None
        if isinstance(self._setting, Rect):
            self._view = _fitting(self._setting, picture)
        self._size = picture.width, picture.height
        self._looked_at = self._latest = None
        self.settled = True
        self._looks.clear()

    def _is_due(self, seconds: Fraction) -> bool:
        """Whether to look: after a while, and when time went back."""
        if self._looked_at is None:
            return True
        return not self._looked_at <= seconds < self._looked_at + self._wait

    def _weigh(self, seen: Rect | None, picture: Picture) -> None:
        """Let a look decide, with those before it, what the view is."""
        self._wait = LOOK_EVERY
        if seen is None:
            return
        self._looks.append(seen)
        self.settled = True
        if self._view is None:
            self._view = seen
            return
        if _are_alike(seen, self._view, picture):
            return
        self._wait = LOOK_AGAIN
        agreeing = [look for look in self._looks if _are_alike(look, seen, picture)]
        grows = not any(sides_passed(seen, self._view))
        if len(agreeing) >= (LOOKS_TO_GROW if grows else LOOKS_TO_MOVE):
            for look in agreeing:
                seen = union(seen, look)
            self._view = seen
        else:
            shrinks = not any(sides_passed(self._view, seen))
            self.settled = shrinks and len(agreeing) < LOOKS_TO_DOUBT


def _are_alike(a: Rect, b: Rect, picture: Picture) -> bool:
    """Whether two views differ by no more than the finder's own unrest."""
    across, down = max(ALIKE_SHARE * picture.width, 2), max(ALIKE_SHARE * picture.height, 2)
    return (
        abs(a.x - b.x) <= across
        and abs(a.x + a.width - b.x - b.width) <= across
        and abs(a.y - b.y) <= down
        and abs(a.y + a.height - b.y - b.height) <= down
    )


def _common(a: Rect, b: Rect) -> Rect:
    """What lies in both."""
    left, top = max(a.x, b.x), max(a.y, b.y)
    right, bottom = min(a.x + a.width, b.x + b.width), min(a.y + a.height, b.y + b.height)
    return Rect(left, top, max(right - left, 0), max(bottom - top, 0))


def _fitting(rect: Rect, picture: Picture) -> Rect:
    """The rectangle itself.

    Raises:
        SettingsError: it reaches out of the picture, or holds no chroma sample.
    """
    if any(sides_passed(picture.whole, rect)):
        raise SettingsError(
            f"view {','.join(map(str, rect))} does not fit into a frame of "
            f"{picture.width}x{picture.height}: x + width and y + height may not pass its edges"
        )
    if picture.aligned(rect).area == 0:
        raise SettingsError(
            f"view {','.join(map(str, rect))} holds no whole chroma sample of "
            f"{picture.layout.name}: make it larger"
        )
    return rect
