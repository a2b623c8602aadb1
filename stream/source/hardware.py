"""Hardware decoding: taken only where it really decodes the recording's first picture here."""

from pathlib import Path
from typing import Literal

import av
from av.codec.hwaccel import HWAccel, hwdevices_available

Decoder = Literal["software", "auto"]

DEVICE = "cuda"
"""FFmpeg's name of NVDEC's device. Its pictures come to ordinary memory as NV12 or P010."""

PACKETS_TRIED = 64
"""Packets after which a first picture must have come: more than any decoder holds back."""


def hardware_decoder(address: str) -> HWAccel | None:
    """What decodes a recording in hardware, or None where nothing does: then software has to.

    A driver may be missing, or the codec, the profile or the size beyond it: each of these shows
    only when it is tried.

    Args:
        address: of the recording; only a file can be opened a second time to try.
    """
    if DEVICE not in hwdevices_available() or not Path(address).is_file():
        return None
    strict = HWAccel(DEVICE, allow_software_fallback=False)
    try:
        with av.open(f"file:{address}", hwaccel=strict, metadata_errors="replace") as trial:
            video = trial.streams.best("video")
            if video is None or not video.codec_context.is_hwaccel:
                return None
            for number, packet in enumerate(trial.demux(video)):
                if packet.decode():
                    # Later pictures that it cannot do are left to software.
                    return HWAccel(DEVICE, allow_software_fallback=True)
                if number >= PACKETS_TRIED:
                    return None
    except (av.FFmpegError, OSError, ValueError, RuntimeError):
        return None
    return None
