"""What a source tells a recorder beside its frames: time, shape of a sample, colour, sound."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import av.stream

UNSPECIFIED = 2
"""Colour tag that says nothing (ITU-T H.273)."""


@dataclass(frozen=True, slots=True)
class StreamParameters:
    """What stays the same over a source and no frame carries.

    Attributes:
        time_base: seconds per unit of a frame's `pts`, exact.
        rate: average frames per second, exact.
        sample_aspect_ratio: width of a sample divided by its height; 1 is square.
        matrix_tag: the source's own tag for its matrix (H.273 MatrixCoefficients).
        primaries: tag of the colour primaries (H.273 ColourPrimaries).
        transfer: tag of the transfer curve (H.273 TransferCharacteristics).
        passed_through: streams of sound and subtitles whose packets go along untouched;
            valid while their source is open.
        metadata: what the recording says of itself (title, date, ...).
    """

    time_base: Fraction
    rate: Fraction
    sample_aspect_ratio: Fraction = Fraction(1)
    matrix_tag: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    passed_through: tuple[av.stream.Stream, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
