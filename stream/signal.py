"""What a picture says of the signal behind it: a procedure, or a processor with nothing to show."""

from enum import StrEnum

from nets.picture import Picture


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


class SignalWatch:
    """Looks at the pictures of one source, one after another."""

    def start_again(self) -> None:
        """Forget the picture before: another source or size begins."""

    def look(self, picture: Picture) -> Signal:
        """What the next picture looks like."""
        return Signal.PICTURE
