"""What may be asked of a live source."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user asks of a live source; what it gives instead is in its `GivenFormat`.

    Attributes:
        pixel_format: of a device ("mjpeg", "yuyv422", "nv12" ...); None: what it prefers.
        size: width and height, of a device or a screen; None: what it prefers.
        rate: frames a second, of a device or a screen; None: what it prefers.
        deinterlace: make whole pictures of fields.
        loop: play a file again and again.
        packets: hand on compressed packets beside the frames, where there are any.
        open_s: how long a source may take to open.
        silent_s: how long an open source may send nothing before it counts as lost.
    """

    pixel_format: str | None = None
    size: tuple[int, int] | None = None
    rate: Fraction | None = None
    deinterlace: bool = True
    loop: bool = False
    packets: bool = False
    open_s: float = 10.0
    silent_s: float = 3.0
