"""What a picture says of the signal behind it: a procedure, or a processor with nothing to show."""

from enum import StrEnum


class Signal(StrEnum):
    """What one picture looks like; the words are for people."""

    PICTURE = "a picture"
    BLACK = "black"
    ONE_COLOUR = "one colour"
    BARS = "colour bars"
    NO_INPUT = "no input, by the driver's word"
    SAME = "the same picture again and again"

    @property
    def is_missing(self) -> bool:
        """Whether nothing is connected, or what is connected is switched off."""
        return self not in (Signal.PICTURE, Signal.SAME)
