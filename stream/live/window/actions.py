"""What the keys of a window do: the one list, for the keys themselves and for their help."""

from enum import StrEnum
from typing import NamedTuple


class Action(StrEnum):
    """What somebody at a window wants."""

    HOLD = "hold"
    MASKS = "masks"
    STYLE = "style"
    STRICTER = "stricter"
    LOOSER = "looser"
    RECORD = "record"
    BOOKMARK = "bookmark"
    SNAPSHOT = "snapshot"
    LABEL = "label"
    FILL = "fill"
    HELP = "help"
    QUIT = "quit"


class Key(NamedTuple):
    """A key.

    Attributes:
        letters: what it sends, any of them.
        name: what stands on it.
        action: what it does.
        help: the same for people.
    """

    letters: str
    name: str
    action: Action
    help: str


KEYS = (
    Key(" ", "space", Action.HOLD, "hold the picture, let it go on"),
    Key("m", "m", Action.MASKS, "masks on and off"),
    Key("o", "o", Action.STYLE, "outline and tint, outline, tint"),
    Key("+=", "+", Action.STRICTER, "raise the threshold: fewer masks"),
    Key("-_", "-", Action.LOOSER, "lower the threshold: more masks"),
    Key("r", "r", Action.RECORD, "recording on and off"),
    Key("b", "b", Action.BOOKMARK, "bookmark in the recording"),
    Key("s", "s", Action.SNAPSHOT, "snapshot, clean and annotated"),
    Key("l", "l", Action.LABEL, "case label for file names: never a patient's name"),
    Key("f", "f", Action.FILL, "full screen on and off"),
    Key("h?", "h", Action.HELP, "this help"),
    Key("q", "q", Action.QUIT, "end"),
)

ENTER, ESCAPE, BACKSPACE, DELETE = 13, 27, 8, 127


def action_of(code: int) -> Action | None:
    """What a key does; None where it does nothing.

    Args:
        code: of the letter, as HighGUI gives it.
    """
    letter = chr(code).lower() if 0 <= code < 128 else ""
    return next((key.action for key in KEYS if letter and letter in key.letters), None)
