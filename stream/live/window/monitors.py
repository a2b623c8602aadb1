"""Which monitors there are, and where each lies on the desktop."""

from collections.abc import Sequence

from screeninfo import ScreenInfoError, get_monitors

from nets.picture import Rect


def list_monitors() -> list[Rect]:
    """Position and size of each, in the system's order; none where it does not tell."""
    try:
        found = get_monitors()
    except (ScreenInfoError, OSError):
        return []
    return [Rect(each.x, each.y, each.width, each.height) for each in found]


def monitor_of(window: Rect, monitors: Sequence[Rect]) -> Rect | None:
    """The monitor that has a window's middle; None where none has."""
    x, y = window.x + window.width // 2, window.y + window.height // 2
    for each in monitors:
        if each.x <= x < each.x + each.width and each.y <= y < each.y + each.height:
            return each
    return None


def in_words(monitors: Sequence[Rect]) -> str:
    """`1: 1920x1080 at 0,0; 2: 1280x1024 at 1920,0`."""
    if not monitors:
        return "the system does not tell which monitors there are"
    return "; ".join(
        f"{number}: {each.width}x{each.height} at {each.x},{each.y}"
        for number, each in enumerate(monitors, 1)
    )
