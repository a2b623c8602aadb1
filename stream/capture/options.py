"""What a user may ask of a live source."""

from dataclasses import dataclass, field
from fractions import Fraction

from stream.health import Patience


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """What is asked of a source, and how it is watched. Goes to the capture process.

    Attributes:
        pixel_format: of a device ("mjpeg", "yuyv422", "nv12" ...); None: what it prefers.
        size: width and height of a device or a screen; None: what it prefers.
        rate: frames a second of a device or a screen; None: what it prefers.
        deinterlace: make whole pictures of fields.
        loop: play a file again and again.
        packets: hand on compressed packets beside the frames, where there are any.
        ring_slots: frames that may be under way to the main process.
        patience: how long something lasts before it is called by its name.
        open_s: how long a source may take to open.
        silent_s: how long an open source may be silent before it is opened again.
        restarts: how often it is opened again without a picture between; None: for ever.
    """

    pixel_format: str | None = None
    size: tuple[int, int] | None = None
    rate: Fraction | None = None
    deinterlace: bool = True
    loop: bool = False
    packets: bool = False
    ring_slots: int = 8
    patience: Patience = field(default_factory=Patience)
    open_s: float = 10.0
    silent_s: float = 3.0
    restarts: int | None = None
