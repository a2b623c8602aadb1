"""Where the outputs of one recording go, and whether they may."""

from dataclasses import dataclass
from pathlib import Path

from stream.errors import OutputExistsError, SinkError
from stream.settings import ProcessSettings
from stream.sink.pictures import check_folder


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the outputs of one recording go: `NAME.mp4`, and beside it `NAME.frames.csv` and so on.

    Attributes:
        recording: of the annotated recording.
    """

    recording: Path

    def beside(self, suffix: str) -> Path:
        """An output beside the recording."""
        return self.recording.with_name(f"{self.recording.stem}.{suffix}")

    @property
    def frames(self) -> Path:
        """The table of frames."""
        return self.beside("frames.csv")

    @property
    def parquet(self) -> Path:
        """The same with typed columns."""
        return self.beside("frames.parquet")

    @property
    def sightings(self) -> Path:
        """The polyps, each from its first frame to its last."""
        return self.beside("sightings.json")

    @property
    def report(self) -> Path:
        """The report for people."""
        return self.beside("report.html")

    @property
    def settings(self) -> Path:
        """The merged settings."""
        return self.beside("settings.yaml")

    @property
    def masks(self) -> Path:
        """The probability as a video."""
        return self.beside("masks.mp4")

    @property
    def mask_images(self) -> Path:
        """Folder of binary masks."""
        return self.beside("masks")

    @property
    def stills(self) -> Path:
        """Folder of frames as they came."""
        return self.beside("frames")

    @property
    def coco(self) -> Path:
        """The masks for annotation tools, as COCO."""
        return self.beside("coco.json")

    @property
    def cvat(self) -> Path:
        """The masks for CVAT."""
        return self.beside("cvat.xml")

    @property
    def segmentation(self) -> Path:
        """The masks of sightings as DICOM."""
        return self.beside("segmentation.dcm")

    def files(self, settings: ProcessSettings) -> tuple[Path, ...]:
        """The files that are written by some settings."""
        wanted = [self.recording, self.frames, self.sightings, self.settings]
        wanted += [self.report] * settings.report + [self.masks] * settings.masks
        wanted += [self.parquet] * settings.parquet
        wanted += [self.coco] * settings.coco + [self.cvat] * settings.cvat
        wanted += [self.segmentation] * settings.segmentation
        return tuple(wanted)

    def folders(self, settings: ProcessSettings) -> tuple[Path, ...]:
        """The folders of pictures that are written by some settings."""
        wanted = [self.mask_images] * settings.mask_images
        return tuple(wanted + [self.stills] * (settings.frames is not None))


def check_outputs(name: str, outputs: Outputs, overwrite: bool, settings: ProcessSettings) -> None:
    """Refuse to write over the recording itself, or over outputs without being told to.

    Args:
        name: of the source.
        outputs: where everything goes.
        overwrite: replace what is there.
        settings: what is written.

    Raises:
        SinkError: the output is the recording, or a folder holds something else.
        OutputExistsError: an output is there.
    """
    final = outputs.recording
    if "://" not in name and Path(name).exists() and final.exists() and final.samefile(name):
        raise SinkError(f"{final}: is the recording itself: name another output")
    for path in outputs.files(settings):
        if path.exists() and path != outputs.settings and not overwrite:
            raise OutputExistsError(f"{path}: exists already: choose another name, or -y")
    for path in outputs.folders(settings):
        check_folder(path, overwrite)
