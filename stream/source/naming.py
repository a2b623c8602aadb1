"""From what a user types to an open source: a path, a URL, or `scheme:`."""

from pathlib import Path
from typing import TypeAlias

from stream.errors import SourceError
from stream.source.dicom.magic import is_dicom
from stream.source.dicom.opening import Dicom, open_dicom
from stream.source.file import FileSource
from stream.source.hardware import Decoder
from stream.source.images import ImageFolderSource, pictures_in
from stream.source.synthetic import SyntheticSource, open_synthetic
from stream.source.synthetic.address import SCHEME as SYNTHETIC
from stream.tally import Tally

Recording: TypeAlias = FileSource | ImageFolderSource | SyntheticSource | Dicom


def open_recording(
    name: str, *, deinterlace: bool = True, decoder: Decoder = "software", warnings: Tally
) -> Recording:
    """Open something that has frames and an end.

    Args:
        name: a file, DICOM or not, a folder of pictures, a URL, or `synthetic:`.
        deinterlace: make whole pictures of frames that are flagged as fields.
        decoder: of a file: `auto` decodes in hardware where a trial shows that it works.
        warnings: counts what is wrong with it.

    Raises:
        SourceError: there is nothing, or nothing with a picture.
        SettingsError: a `synthetic:` address that makes no sense.
    """
    if name.startswith(SYNTHETIC):
        return open_synthetic(name)
    folder = Path(name)
    if "://" not in name and folder.is_dir():
        if not pictures_in(folder):
            raise SourceError(f"{name}: a folder without pictures: name one recording")
        return ImageFolderSource(folder, warnings=warnings)
    if is_dicom(name):
        return open_dicom(folder, deinterlace=deinterlace, warnings=warnings)
    return FileSource(name, deinterlace=deinterlace, decoder=decoder, warnings=warnings)
