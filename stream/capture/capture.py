"""The handle of a capture process."""

from collections.abc import Callable, Mapping

from stream.capture.options import CaptureOptions
from stream.frame import Frame
from stream.health import Event, State
from stream.source.arrival import CapturedPacket, GivenFormat


class Capture:
    """One live source, read in a process of its own, watched, and opened again when it is lost.

    All three callbacks are called in the capture's own thread, in the order in which things
    happened. A slow callback delays what follows; frames that find the ring full meanwhile are
    dropped, and counted. A new segment is told by an event before its first frame, with `given`
    already changed.
    """

    def __init__(
        self,
        address: str,
        options: CaptureOptions,
        *,
        name: str,
        on_frame: Callable[[Frame], None],
        on_packet: Callable[[CapturedPacket], None] | None,
        on_event: Callable[[Event], None],
    ) -> None:
        """Prepare to capture; nothing is started yet.

        Args:
            address: of the source, as a user names it.
            options: what is asked of it.
            name: of the source in messages, without secrets.
            on_frame: gets every frame that came through; `index` counts frames that arrived, over
                reconnects, so that dropped ones leave a gap.
            on_packet: gets every compressed packet; None where nobody wants them.
            on_event: gets every change of state and every new segment.

        Raises:
            SettingsError: the address makes no sense.
        """
        raise NotImplementedError

    def start(self) -> None:
        """Start the process; returns at once."""

    def close(self) -> None:
        """End the process, whatever it is doing; returns within 2 s, and nothing is called after.

        Must not be called from a callback.
        """

    def kill(self) -> None:
        """End the reading process at once, as a fault would; it is started again."""

    @property
    def state(self) -> State:
        """What the source is in."""
        raise NotImplementedError

    @property
    def given(self) -> GivenFormat | None:
        """What the source really gives; None until the first picture."""
        raise NotImplementedError

    @property
    def drops(self) -> Mapping[str, int]:
        """Frames that arrived and did not come through, by cause."""
        raise NotImplementedError
