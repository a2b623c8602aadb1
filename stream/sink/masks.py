"""`masks.mp4`: the polyp probability itself as a lossless grey video, at the recording's times."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame
from stream.parameters import StreamParameters
from stream.prediction import Prediction
from stream.sink.encoder_settings import EncoderSettings
from stream.sink.recorder import Recorder
from stream.tally import Tally

LEVELS = 255.0


class MaskRecording:
    """Writes the probability on the bundle's grid, frame for frame: FFV1, grey, 8 bit, full range.

    A sample of `level` means a probability of `level / 255`, within 0.002. The grid covers the
    view, or the whole frame where the bundle says so; what lies outside the view is 0, and
    so is a frame without a view.
    """

    def __init__(
        self,
        path: Path,
        *,
        parameters: StreamParameters,
        overwrite: bool = False,
        warnings: Tally | None = None,
    ) -> None:
        """Check everything that can be checked before the first frame.

        Args:
            path: of the video: .mp4 keeps times exact.
            parameters: of the source; sound, subtitles and metadata stay away from a mask.
            overwrite: replace a file of this name.
            warnings: counts what could not be kept as it was.

        Raises:
            OutputExistsError: the file exists and may not be replaced.
            SinkError: the folder or container cannot be used.
        """
        plain = StreamParameters(time_base=parameters.time_base, rate=parameters.rate)
        self._recorder = Recorder(
            path,
            parameters=plain,
            settings=EncoderSettings(codec="ffv1"),
            overwrite=overwrite,
            warnings=warnings,
        )

    def write(self, frame: Frame, prediction: Prediction, *, visible: bool) -> None:
        """Write one frame's probability.

        Args:
            frame: the frame, for its time.
            prediction: made from it.
            visible: whether it shows an endoscope's picture.

        Raises:
            SinkError: it cannot be written.
        """
        self._recorder.write(frame.with_picture(grey_of(prediction, visible=visible)))

    def close(self) -> None:
        """Finish the video and give it its name."""
        self._recorder.close()

    def abort(self) -> None:
        """Close what there is, playable, and leave it under its partial name."""
        self._recorder.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def grey_of(prediction: Prediction, *, visible: bool) -> Picture:
    """The probability on its grid as a grey picture, 8 bit, full range.

    Args:
        prediction: made from a frame.
        visible: whether that shows an endoscope's picture; all is 0 where it does not.
    """
    levels = np.zeros(prediction.probability.shape, np.uint8)
    if visible:
        inside = cells_inside(prediction.view, prediction.extent, levels.shape)
        levels[inside] = np.rint(prediction.probability[inside] * LEVELS)
    return Picture((levels,), LAYOUTS["gray"], Colour(Matrix.BT709, full_range=True))


def cells_inside(view: Rect, extent: Rect, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of the grid whose centres lie in the view.

    Args:
        view: the endoscope's picture.
        extent: what the grid covers.
        shape: rows and columns of the grid.
    """
    return (
        _between(view.y - extent.y, view.height, extent.height, shape[0]),
        _between(view.x - extent.x, view.width, extent.width, shape[1]),
    )


def _between(start: int, length: int, samples: int, cells: int) -> slice:
    scale = cells / samples
    first, last = (round(edge * scale) for edge in (start, start + length))
    return slice(max(first, 0), max(min(last, cells), 0))
