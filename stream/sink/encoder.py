"""Which encoder, with which options, so that a killed recording loses at most a second.

A frame is safe once its packet lies in a fragment on disk. Until then it may wait in the
encoder (look-ahead, B-frames, frame threads), in the muxer (for the sound beside it) and
in the fragment that is not yet full. The encoder's share is bounded here at every preset.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import av
import av.codec

from stream.errors import SinkError
from stream.sink.encoder_settings import PRESETS, EncoderSettings

SOFTWARE: Mapping[str, str] = {
    "h264": "libx264",
    "hevc": "libx265",
    "av1": "libsvtav1",
    "ffv1": "ffv1",
}

DELAY_SECONDS = 0.48
"""The encoder's share of the second: what is left after a fragment (0.2 s), the wait for
sound (0.1 s), the frame that ends a fragment, and up to three frames that B-frames delay."""

KEYFRAME_SECONDS = 1
"""Between keyframes: short, so that a report can jump to a moment."""

USUAL_CRF: Mapping[str, float] = {"h264": 20, "hevc": 22, "av1": 28}
USUAL_PRESET = "veryfast"

X264_PRESETS: Mapping[str, tuple[int, int]] = {
    "ultrafast": (0, 0),
    "superfast": (0, 3),
    "veryfast": (10, 3),
    "faster": (20, 3),
    "fast": (30, 3),
    "medium": (40, 3),
    "slow": (50, 3),
    "slower": (60, 3),
    "veryslow": (60, 8),
}
"""Look-ahead and B-frames of x264's presets (x264 --fullhelp)."""

X265_PRESETS: Mapping[str, tuple[int, int]] = {
    "ultrafast": (5, 3),
    "superfast": (10, 3),
    "veryfast": (15, 4),
    "faster": (15, 4),
    "fast": (15, 4),
    "medium": (20, 4),
    "slow": (25, 4),
    "slower": (40, 8),
    "veryslow": (40, 8),
}
"""Look-ahead and B-frames of x265's presets (x265 documentation, presets)."""

SVTAV1_PRESETS: Mapping[str, int] = dict(zip(PRESETS, (12, 11, 10, 9, 8, 7, 5, 4, 2), strict=True))
"""SVT-AV1 numbers its presets."""

MOST_B_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder and everything it is told.

    Attributes:
        name: FFmpeg's name of it.
        options: its own options.
        keyframe_interval: frames from one keyframe to the next.
        bitrate: bits per second, or None.
        thread_type: FRAME or SLICE.
        thread_count: 0 leaves it to the encoder.
        fewest: pictures it has to be given, or it may lose them at the end.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    keyframe_interval: int = 1
    bitrate: int | None = None
    thread_type: str = "SLICE"
    thread_count: int = 0
    fewest: int = 0

    def in_words(self) -> str:
        """`libx264, crf 20, preset veryfast`."""
        named = ("crf", "cq", "global_quality", "preset")
        words = [f"{option} {self.options[option]}" for option in named if option in self.options]
        words += [f"{self.bitrate:,} bits/s"] if self.bitrate is not None else []
        return ", ".join([self.name, *words])


def choose_encoder(
    settings: EncoderSettings, rate: Fraction, pixel_count: int, cores: int | None = None
) -> Encoder:
    """The software encoder for a stream, its delay bounded.

    Args:
        settings: what the user wants.
        rate: average frames per second.
        pixel_count: of one frame; FFV1 cuts large ones into more slices.
        cores: processor cores to use; None counts those this process may run on.

    Returns:
        Where `rate` is so low that a few frames last longer than a second, an encoder
        that delays none.
    """
    cores = cores or usable_cores()
    most_delayed = math.floor(DELAY_SECONDS * rate)
    match settings.codec:
        case "h264":
            return _x264(settings, rate, most_delayed, cores)
        case "hevc":
            return _x265(settings, rate, most_delayed, cores)
        case "av1":
            return _svtav1(settings, rate)
        case "ffv1":
            return _ffv1(pixel_count)


def usable_cores() -> int:
    """Cores this process may run on, which are fewer than the machine's for a worker."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def keyframes(rate: Fraction) -> int:
    """Frames from one keyframe to the next."""
    return max(1, round(KEYFRAME_SECONDS * rate))


def quality(settings: EncoderSettings) -> dict[str, str]:
    """The constant quality that is asked for, or the usual one; none beside a bit rate."""
    if settings.bitrate is not None:
        return {}
    crf = settings.crf if settings.crf is not None else USUAL_CRF[settings.codec]
    return {"crf": f"{crf:g}"}


def _x264(settings: EncoderSettings, rate: Fraction, most_delayed: int, cores: int) -> Encoder:
    """x264 delays by max(look-ahead, B-frames) + frame threads + 1 (measured)."""
    preset = settings.preset or USUAL_PRESET
    lookahead, b_frames = X264_PRESETS[preset]
    options = {"preset": preset, **quality(settings)}
    threads = min(math.ceil(1.5 * cores), most_delayed // 2)  # 1.5: x264's own choice
    if threads < 2:  # slices delay nothing
        options |= {"bf": "0", "rc-lookahead": "0", "x264-params": "sync-lookahead=0"}
        return Encoder("libx264", options, keyframes(rate), settings.bitrate)
    left = most_delayed - threads - 1
    b_frames = min(b_frames, MOST_B_FRAMES, left)
    # b-adapt 2, of the slowest presets, delays four times its B-frames.
    options |= {
        "bf": str(b_frames),
        "rc-lookahead": str(min(lookahead, left)),
        "x264-params": "sync-lookahead=0" + (":b-adapt=1" if b_frames else ""),
    }
    return Encoder("libx264", options, keyframes(rate), settings.bitrate, "FRAME", threads)


def _x265(settings: EncoderSettings, rate: Fraction, most_delayed: int, cores: int) -> Encoder:
    """x265 delays by look-ahead + B-frames + frame threads + 2 (measured)."""
    preset = settings.preset or USUAL_PRESET
    lookahead, b_frames = X265_PRESETS[preset]
    threads = min(4, max(1, cores // 4))
    left = most_delayed - threads - 2
    b_frames = min(b_frames, MOST_B_FRAMES)
    if left < 2 * b_frames + 1:  # x265 wants more look-ahead than B-frames
        threads, b_frames, lookahead = 1, 0, 0
    else:
        lookahead = min(lookahead, left - b_frames)
    parameters = (
        f"log-level=none:frame-threads={threads}:bframes={b_frames}:rc-lookahead={lookahead}:"
        "open-gop=0"
    )
    options = {"preset": preset, **quality(settings), "x265-params": parameters}
    # With B-frames x265 may say at the end that there is nothing more, when it got one or two.
    fewest = 3 if b_frames else 0
    return Encoder("libx265", options, keyframes(rate), settings.bitrate, fewest=fewest)


def _svtav1(settings: EncoderSettings, rate: Fraction) -> Encoder:
    """SVT-AV1 with low-delay prediction: otherwise it delays by as much as it pleases."""
    os.environ.setdefault("SVT_LOG", "1")  # errors only: it writes to stderr by itself
    preset = str(SVTAV1_PRESETS[settings.preset or USUAL_PRESET])
    options = {"preset": preset, **quality(settings), "svtav1-params": "pred-struct=1"}
    return Encoder("libsvtav1", options, keyframes(rate), settings.bitrate)


def _ffv1(pixel_count: int) -> Encoder:
    """FFV1 version 3: every frame a keyframe, slices with checksums so that damage stays small."""
    slices = 24 if pixel_count >= 1280 * 720 else 4 if pixel_count >= 256 * 256 else 1
    options = {"level": "3", "slicecrc": "1"} | ({"slices": str(slices)} if slices > 1 else {})
    return Encoder("ffv1", options)


def formats_of(encoder: str) -> tuple[str, ...]:
    """Names of the pixel formats an encoder takes.

    Raises:
        SinkError: this build of FFmpeg has no such encoder.
    """
    try:
        formats = av.codec.Codec(encoder, "w").video_formats
    except (av.codec.codec.UnknownCodecError, ValueError) as problem:
        raise SinkError(
            f"this FFmpeg has no encoder {encoder}: choose another --codec"
        ) from problem
    return tuple(known.name for known in formats or ())
