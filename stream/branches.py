"""The sinks of one recording, each as a branch that takes seen frames."""

from pathlib import Path

from stream.offline import Seen
from stream.report import RecordingLog
from stream.sink.annotations.file import AnnotationFile
from stream.sink.masks import MaskRecording
from stream.sink.parquet import FrameParquet
from stream.sink.pictures import PictureFolder
from stream.sink.recorder import Recorder
from stream.sink.sidecar import FrameTable
from stream.sink.stills import mask_picture, still_of


class Annotated:
    """The annotated recording.

    Attributes:
        files: names of its files, and the second at which each begins.
        encoding: encoder and quality, in words; empty before the first frame.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.files: list[tuple[Path, float]] = []
        self.encoding = ""

    def write(self, seen: Seen) -> None:
        """Record the frame with its mask."""
        self._recorder.write(seen.shown)
        paths = self._recorder.paths
        if len(paths) > len(self.files):
            self.files.append((paths[-1], float(seen.frame.seconds)))
            encoder = self._recorder.encoder
            self.encoding = encoder.in_words() if encoder is not None else ""


class Table:
    """`frames.csv`."""

    def __init__(self, table: FrameTable) -> None:
        self._table = table

    def write(self, seen: Seen) -> None:
        """Write the frame's record."""
        self._table.write(
            seen.frame,
            polyp_fraction=seen.mask.fraction,
            boxes=seen.mask.regions,
            highest_probability=seen.mask.peak,
            view=seen.mask.view if seen.visible else None,
        )


class Rows:
    """`frames.parquet`."""

    def __init__(self, table: FrameParquet) -> None:
        self._table = table

    def write(self, seen: Seen) -> None:
        """Write the frame's row."""
        self._table.write(seen.frame, seen.mask, visible=seen.visible)


class Masks:
    """`masks.mp4`."""

    def __init__(self, recording: MaskRecording) -> None:
        self._recording = recording

    def write(self, seen: Seen) -> None:
        """Record the frame's probability."""
        self._recording.write(seen.frame, seen.prediction, visible=seen.visible)


class MaskImages:
    """A binary mask for every frame; one without a polyp is black."""

    def __init__(self, folder: PictureFolder) -> None:
        self._folder = folder

    def write(self, seen: Seen) -> None:
        """Write the frame's mask."""
        self._folder.write(seen.frame.index, mask_picture(seen.frame, seen.mask))


class Stills:
    """Every n-th frame, without its mask."""

    def __init__(self, folder: PictureFolder, every: int) -> None:
        self._folder, self._every = folder, every

    def write(self, seen: Seen) -> None:
        """Write the frame if it is its turn."""
        if seen.frame.index % self._every == 0:
            self._folder.write(seen.frame.index, still_of(seen.frame))


class Annotations:
    """Masks for an annotation tool, of every n-th frame."""

    def __init__(self, file: AnnotationFile, every: int) -> None:
        self._file, self._every = file, every

    def write(self, seen: Seen) -> None:
        """Write the frame's annotations if it is its turn."""
        if seen.frame.index % self._every == 0:
            self._file.write(seen.frame, seen.mask)


class Log:
    """What the report has to know of every frame."""

    def __init__(self, log: RecordingLog) -> None:
        self._log = log

    def write(self, seen: Seen) -> None:
        """Note the frame."""
        self._log.update(
            seen.frame, seen.mask.view, polyp_fraction=seen.mask.fraction, visible=seen.visible
        )
