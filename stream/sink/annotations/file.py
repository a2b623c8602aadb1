"""What files of annotations have in common."""

from abc import abstractmethod
from types import TracebackType

from stream.errors import SinkError
from stream.frame import Frame
from stream.prediction import Mask
from stream.sink.growing import GrowingText

UNCORRECTED = "Predictions of divergent-stream that nobody has corrected"
"""Stands in the file, so that what was predicted is not taken for what people drew."""


class AnnotationFile(GrowingText):
    """Annotations of pictures; what is left under a partial name can be read, too."""

    @abstractmethod
    def write(self, frame: Frame, mask: Mask) -> None:
        """Write one frame's annotations; a frame without a polyp is listed, too.

        Args:
            frame: as it was seen.
            mask: of that frame.

        Raises:
            SinkError: the file cannot be written.
        """

    @abstractmethod
    def tail(self) -> str:
        """What makes the file whole."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.add(self.tail())
        except SinkError:
            self.abort()
            if kind is None:
                raise
        else:
            super().__exit__(kind, value, trace)
