"""A part of a screen as a source: `x11grab:`, `x11grab::0.0+100,200`."""

import os

import av

from stream.errors import UnusableSourceError
from stream.source.asked import Asked
from stream.source.incoming import Opened

SCHEME = "x11grab:"

USUAL_RATE = 30


def open_screen(address: str, asked: Asked) -> Opened:
    """Grab from an X11 screen.

    Args:
        address: the scheme with a display and a corner, `[DISPLAY][+X,Y]`; none is the
            user's own display from its upper left corner.
        asked: size and rate.

    Raises:
        UnusableSourceError: there is no such screen, or it is smaller.
    """
    where = address.removeprefix(SCHEME)
    display, plus, corner = where.partition("+")
    display = display or os.environ.get("DISPLAY", "")
    if not display:
        raise UnusableSourceError(f"{address}: there is no screen: DISPLAY is not set")
    options = {"framerate": str(asked.rate or USUAL_RATE), "draw_mouse": "0"}
    if asked.size is not None:
        options["video_size"] = f"{asked.size[0]}x{asked.size[1]}"
    try:
        container = av.open(f"{display}{plus}{corner}", format="x11grab", options=options)
    except (av.FFmpegError, OSError, ValueError) as problem:
        raise UnusableSourceError(
            f"{address}: the screen {display} cannot be grabbed: is it there, may this user see "
            "it, and does it hold the size and corner asked for?"
        ) from problem
    return Opened(container, address)
