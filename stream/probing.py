"""Telling what a source is: what a recording says of itself, what arrives from a live one."""

import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.device
import numpy as np

from nets.picture import Picture, Rect
from stream.capture import Asked, Capture, CaptureOptions
from stream.errors import SinkError, SourceError
from stream.frame import Frame
from stream.health import Event, State
from stream.source.address import redacted
from stream.source.live import DEVICE
from stream.source.naming import open_recording
from stream.tally import Tally

if TYPE_CHECKING:
    from stream.source import v4l2

SECONDS = 3.0
"""How long a live source is watched."""

FIRST_FRAME_S = 60.0
"""What the first picture may take on a machine that is busy."""

OTHER_PLATFORMS = {"win32": "dshow", "darwin": "avfoundation"}
"""What FFmpeg calls the devices where there is no V4L2."""


def print_devices() -> None:
    """Print every video device with what it can be asked for."""
    if sys.platform in OTHER_PLATFORMS:
        found = av.device.enumerate_input_devices(OTHER_PLATFORMS[sys.platform])
        cameras = [device for device in found if "video" in device.media_types]
        lines = [f"camera:{number}  {device.description}" for number, device in enumerate(cameras)]
    else:
        from stream.source import v4l2

        lines = [line for device in v4l2.devices() for line in _lines_of(device)]
    print("\n".join(lines) if lines else "no video device is connected")


def probe_recording(name: str, still: Path | None) -> None:
    """Print what a recording is; save its first picture where a still is asked for.

    Raises:
        SourceError: there is no recording.
        SinkError: the still exists already or cannot be written.
    """
    warnings = Tally()
    with open_recording(name, warnings=warnings) as source:
        frame = next(iter(source))
        facts = {
            "source": source.name,
            "encoding": source.encoding,
            **_picture_facts(frame.picture),
            "rate": f"{float(source.rate):.3f} fps ({source.rate})",
            "length": f"{float(source.duration):.2f} s" if source.duration else "not known",
            "frames": f"about {source.frame_count}" if source.frame_count else "not known",
        }
        _print(facts, frame.picture, warnings.lines(), still)


@dataclass
class _Watched:
    """What arrives while a live source is watched."""

    first: Frame | None = None
    last: Frame | None = None
    latest: Event | None = None
    decided: threading.Event = field(default_factory=threading.Event)

    def take(self, frame: Frame) -> None:
        self.first = self.first or frame
        self.last = frame
        self.decided.set()

    def hear(self, event: Event) -> None:
        self.latest = event
        if event.state is State.ENDED:
            self.decided.set()

    @property
    def rate(self) -> float | None:
        """Frames a second by their arrival, dropped ones too."""
        if self.first is None or self.last is None or self.last.index == self.first.index:
            return None
        seconds = self.last.arrived_at - self.first.arrived_at
        return (self.last.index - self.first.index) / seconds if seconds else None


def probe_live(name: str, asked: Asked, still: Path | None) -> None:
    """Watch a live source for a while, in a process of its own, and print what arrives.

    Raises:
        SettingsError: the address makes no sense.
        SourceError: it cannot be opened, or nothing arrives.
        SinkError: the still exists already or cannot be written.
    """
    if DEVICE.fullmatch(name):
        _print_device(name)
    watched = _Watched()
    capture = Capture(
        name,
        CaptureOptions(asked, restarts=0),
        name=redacted(name),
        on_frame=watched.take,
        on_packet=None,
        on_event=watched.hear,
    )
    capture.start()
    try:
        watched.decided.wait(FIRST_FRAME_S + asked.open_s)
        if watched.first is not None:
            time.sleep(SECONDS)
    finally:
        capture.close()
    if watched.last is None:
        raise capture.problem or SourceError(f"{redacted(name)}: nothing arrived")
    warnings = [f"{cause} ({times} times)" for cause, times in capture.warnings.items()]
    dropped = [f"dropped, {cause} ({times} times)" for cause, times in capture.drops.items()]
    facts = _live_facts(name, capture, watched)
    _print(facts, watched.last.picture, warnings + dropped, still)


def _live_facts(name: str, capture: Capture, watched: _Watched) -> dict[str, str]:
    given, latest = capture.given, watched.latest
    assert given is not None  # told before the first frame
    assert latest is not None
    assert watched.last is not None
    measured = "not measured" if watched.rate is None else f"{watched.rate:.3f} fps measured"
    declared = "none declared" if given.rate is None else f"{float(given.rate):.5g} declared"
    fields = "whole pictures"
    if given.deinterlace_delay_s:
        fields = f"made whole, {1000 * given.deinterlace_delay_s:.0f} ms later"
    facts = {
        "source": redacted(name),
        "encoding": f"{given.codec}, {given.pixel_format}",
        **_picture_facts(watched.last.picture),
        "rate": f"{measured}, {declared}",
        "fields": fields,
        "state": f"{latest.state}: {latest.reason}",
    }
    return facts | ({"driver": given.remark} if given.remark else {})


def _picture_facts(picture: Picture) -> dict[str, str]:
    spread = "full" if picture.colour.full_range else "limited"
    return {
        "picture": f"{picture.width}x{picture.height} {picture.layout.name}",
        "colour": f"{picture.colour.matrix.value}, {spread} range",
    }


def _print(
    facts: dict[str, str], picture: Picture, warnings: list[str], still: Path | None
) -> None:
    from nets.view import find_view

    view = find_view(picture)
    facts["view"] = "none found" if view is None else ",".join(str(n) for n in view)
    for key, value in facts.items():
        print(f"{key:8} {value}")
    for line in warnings:
        print(f"warning  {line}", file=sys.stderr)
    if still is not None:
        _save_still(still, picture, view)
        print(f"still    {still}")


def _print_device(path: str) -> None:
    from stream.source import v4l2

    try:
        device = v4l2.describe(path)
    except OSError:
        return  # opening it says what is wrong
    if device is not None:
        print("\n".join(_lines_of(device)))


def _lines_of(device: "v4l2.Device") -> list[str]:
    head = f"{device.path}  {device.name} ({device.driver})"
    return [head, *(f"  {form}" for form in device.formats)]


def _save_still(path: Path, picture: Picture, view: Rect | None) -> None:
    import cv2

    from nets.preprocessing import rgb_of

    bgr = np.ascontiguousarray(rgb_of(picture)[..., ::-1])
    if view is not None:
        corner = (view.x + view.width - 1, view.y + view.height - 1)
        cv2.rectangle(bgr, (view.x, view.y), corner, (190, 255, 40), 2)
    if path.exists():
        raise SinkError(f"{path}: exists already: choose another name")
    if not cv2.imwrite(str(path), bgr):
        raise SinkError(f"{path}: cannot be written")
