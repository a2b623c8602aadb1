"""Capture cards and USB grabbers on Linux, by V4L2: `/dev/video0`."""

import errno
import grp
import os
import stat
from functools import partial
from pathlib import Path

import av

from stream.errors import UnusableSourceError
from stream.source import v4l2
from stream.source.asked import Asked
from stream.source.incoming import Opened


def open_device(path: str, asked: Asked) -> Opened:
    """Open a device with the format, size and rate that are asked for.

    Raises:
        UnusableSourceError: it is not there, is in use, may not be opened, or has no such format.
    """
    _check(path)
    options = {}
    if asked.pixel_format is not None:
        options["input_format"] = asked.pixel_format
    if asked.size is not None:
        options["video_size"] = f"{asked.size[0]}x{asked.size[1]}"
    if asked.rate is not None:
        options["framerate"] = str(asked.rate)
    try:
        container = av.open(path, format="v4l2", options=options)
    except (av.FFmpegError, OSError, ValueError) as problem:
        raise UnusableSourceError(
            f"{path}: {refusal(path, problem, _described(path))}"
        ) from problem
    remark = _remark(container, asked)
    return Opened(container, path, _parity(path), remark, partial(v4l2.has_signal, path))


def refusal(path: str, problem: Exception, device: v4l2.Device | None = None) -> str:
    """Why a device cannot be opened, and what to do.

    Args:
        path: of the device.
        problem: what opening it raised.
        device: what it has, where it can be asked.
    """
    number = getattr(problem, "errno", None)
    if number in (errno.EACCES, errno.EPERM):
        return f"no permission to read it: {group_hint(path)}"
    if number == errno.EBUSY:
        return "is in use by another program: close that one"
    if number in (errno.ENOTTY, errno.ENODEV, errno.ENXIO):
        return "is no video device, or its card is gone"
    if device is None:
        said = getattr(problem, "strerror", None) or type(problem).__name__
        return f"cannot be opened: {said}"
    has = "; ".join(str(form) for form in device.formats)
    return f"does not give what is asked for; {device.name} has: {has}"


def _check(path: str) -> None:
    """Refuse what FFmpeg would refuse in its own words."""
    try:
        facts = Path(path).stat()
    except FileNotFoundError:
        names = ", ".join(f"{device.path} ({device.name})" for device in v4l2.devices())
        there = f"there are {names}" if names else "no video device is connected"
        raise UnusableSourceError(f"{path}: there is no such device; {there}") from None
    if not stat.S_ISCHR(facts.st_mode):
        raise UnusableSourceError(f"{path}: is no device")
    if not os.access(path, os.R_OK | os.W_OK):
        raise UnusableSourceError(f"{path}: {refusal(path, PermissionError(errno.EACCES, ''))}")


def group_hint(path: str) -> str:
    """How to get the permission to use a device."""
    number = Path(path).stat().st_gid
    try:
        group = grp.getgrgid(number).gr_name
    except KeyError:
        group = str(number)
    return f"only the group '{group}' may: `sudo usermod -aG {group} $USER`, then log in again"


def _described(path: str) -> v4l2.Device | None:
    try:
        return v4l2.describe(path)
    except OSError:
        return None


def _parity(path: str) -> str | None:
    try:
        return v4l2.parity_of(path)
    except OSError:
        return None


def _remark(container: av.container.InputContainer, asked: Asked) -> str:
    """Where the driver gives something else than what was asked for."""
    context = container.streams.video[0].codec_context
    if asked.size is None or asked.size == (context.width, context.height):
        return ""
    return f"asked for {asked.size[0]}x{asked.size[1]}"
