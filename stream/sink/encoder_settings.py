"""What a user may choose about the encoding of a recording."""

from dataclasses import dataclass
from typing import Literal, get_args

from stream.errors import SettingsError

Codec = Literal["h264", "hevc", "av1", "ffv1"]

Preset = Literal[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
]
"""x264's and x265's names, from the fastest to the smallest file."""

PRESETS: tuple[Preset, ...] = get_args(Preset)


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How a recording is encoded.

    Attributes:
        codec: h264, hevc, av1, or ffv1, which is lossless.
        crf: constant quality, lower is better; None is 20 (h264), 22 (hevc), 28 (av1).
        bitrate: bits per second instead of constant quality.
        preset: ultrafast ... veryslow; None is veryfast.
        encoder: `software`, or `auto`: hardware where a trial shows that it works.

    Raises:
        SettingsError: values that make no sense together.
    """

    codec: Codec = "h264"
    crf: float | None = None
    bitrate: int | None = None
    preset: Preset | None = None
    encoder: Literal["software", "auto"] = "software"

    def __post_init__(self) -> None:
        wrong = []
        if self.codec not in get_args(Codec):
            wrong.append(f"codec {self.codec} is none of {', '.join(get_args(Codec))}")
        if self.codec == "ffv1":
            given = (self.crf, self.bitrate, self.preset)
            if any(value is not None for value in given):
                wrong.append("ffv1 is lossless: it takes no crf, bitrate or preset")
        if self.preset is not None and self.preset not in PRESETS:
            wrong.append(f"preset {self.preset} is none of {', '.join(PRESETS)}")
        if self.crf is not None and self.bitrate is not None:
            wrong.append("crf and bitrate exclude each other: give one")
        highest = 63 if self.codec == "av1" else 51
        if self.crf is not None and not 0 <= self.crf <= highest:
            wrong.append(f"crf {self.crf} is not in 0 to {highest}")
        if self.bitrate is not None and self.bitrate <= 0:
            wrong.append(f"bitrate {self.bitrate} is not above 0")
        if wrong:
            raise SettingsError("; ".join(wrong))
