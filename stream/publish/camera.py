"""A virtual camera: a device that other programs see as a camera (v4l2loopback)."""

import errno
from contextlib import suppress

from stream.errors import SinkError


def check_camera(path: str) -> None:
    """Refuse a device that takes no pictures.

    Raises:
        SinkError: it is not there, is no virtual camera, or this user may not write to it.
    """
    from stream.source import v4l2
    from stream.source.device import group_hint

    try:
        takes = v4l2.takes_pictures(path)
    except FileNotFoundError:
        raise SinkError(
            "there is no such device: `sudo modprobe v4l2loopback video_nr=NUMBER` makes one"
        ) from None
    except PermissionError:
        raise SinkError(f"no permission to write to it: {group_hint(path)}") from None
    except OSError as problem:
        if problem.errno == errno.EBUSY:
            raise SinkError("is in use by another program: close that one") from None
        raise SinkError("is no video device") from None
    if not takes:
        raise SinkError(
            "is no virtual camera: it gives pictures, and takes none (v4l2loopback makes those)"
        )


def check_size(path: str, size: tuple[int, int]) -> None:
    """Refuse a device that keeps another size: FFmpeg would write to it as if it had this one.

    Raises:
        SinkError: it does.
    """
    from stream.source import v4l2

    with suppress(OSError):
        width, height = v4l2.size_taken(path)
        if (width, height) != size:
            raise SinkError(
                f"it stays at {width}x{height}, and the picture is {size[0]}x{size[1]}: close the "
                "program that shows it, or load v4l2loopback again"
            )
