"""A room's pictures as they may leave this machine."""

from collections.abc import Callable

from stream.live.settings import LiveSettings
from stream.live.shown import Shown
from stream.outlet.waiting import Make
from stream.recording.blanking import Blanking


class Leaving:
    """A branch or a screen that gives pictures to an outlet, blanked where that is asked for."""

    def __init__(self, give: Callable[[Make], None], settings: LiveSettings) -> None:
        """Give nothing yet.

        Args:
            give: takes what makes a frame; that is called where the frame is wanted, in order.
            settings: of the run.
        """
        self._give = give
        self._blanking = Blanking(settings.view) if settings.redact else None

    def offer(self, shown: Shown) -> None:
        """Take a picture; returns at once."""
        blanking = self._blanking
        if blanking is None:
            self._give(lambda: shown.shown)
        else:
            self._give(lambda: blanking.blank(shown.frame, shown.shown)[1])
