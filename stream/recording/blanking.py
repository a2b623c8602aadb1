"""`--redact` while recording: nothing outside the view of that very frame reaches a file."""

from stream.errors import SettingsError
from stream.frame import Frame
from stream.redact import redacted
from stream.view import ViewFinder


class Blanking:
    """Blanks what lies outside the endoscope's picture.

    What the room knows of the view is some frames old; here it is looked for in every frame,
    and only what is beyond doubt is left.
    """

    def __init__(self, view: str) -> None:
        """Start with nothing seen.

        Args:
            view: where to look: auto, or x,y,width,height.
        """
        self._finder = ViewFinder(view, watchful=True)

    def blank(self, frame: Frame, shown: Frame) -> tuple[Frame, Frame]:
        """A frame without and with what is drawn on it, both blanked alike.

        Args:
            frame: as it came.
            shown: the same with the mask on it, or the frame itself.
        """
        try:
            self._finder.update(frame)
            view = self._finder.surely(frame.picture)
        except SettingsError:  # the view asked for does not fit into this frame
            view = None
        blanked = redacted(frame, view)
        return blanked, blanked if shown is frame else redacted(shown, view)
