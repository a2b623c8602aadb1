"""Masks as `CVAT for images 1.1`, the XML that CVAT uploads and downloads: `NAME.cvat.xml`.

Every piece of a mask is a `mask`, exact to the sample. CVAT finds a picture by its name, or in a
task that is the video itself by its number.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stream.frame import Frame
from stream.prediction import Mask
from stream.sink.annotations.file import UNCORRECTED, AnnotationFile
from stream.sink.annotations.pieces import Piece, pieces_of
from stream.sink.pictures import picture_name

HEAD = f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
<version>1.1</version>
<meta>
<uncorrected>{UNCORRECTED}</uncorrected>
<task><labels><label><name>polyp</name><attributes></attributes></label></labels></task>
</meta>
"""


class CvatFile(AnnotationFile):
    """Writes `NAME.cvat.xml`."""

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Open the file and write its head.

        Args:
            path: of the finished file.
            overwrite: replace a file of this name.

        Raises:
            OutputExistsError: the file exists and may not be replaced.
            SinkError: it cannot be written.
        """
        super().__init__(path, overwrite=overwrite)
        self.add(HEAD)

    def write(self, frame: Frame, mask: Mask) -> None:
        """Write one frame's annotations."""
        index, picture = frame.index, frame.picture
        size = f'width="{picture.width}" height="{picture.height}"'
        masks = "".join(_written(piece) for piece in pieces_of(mask))
        self.add(f'<image id="{index}" name="{picture_name(index)}" {size}>\n{masks}</image>\n')

    def tail(self) -> str:
        """The end of the root."""
        return "</annotations>\n"


def _written(piece: Piece) -> str:
    left, top, width, height = piece.box
    return (
        f'<mask label="polyp" source="auto" occluded="0" rle="{_run_lengths(piece.inside)}" '
        f'left="{left}" top="{top}" width="{width}" height="{height}" z_order="0"></mask>\n'
    )


def _run_lengths(inside: NDArray[np.bool_]) -> str:
    """CVAT's own: row by row, how many samples are outside, inside, outside ..."""
    samples = inside.ravel()
    changes = np.flatnonzero(samples[1:] != samples[:-1]) + 1
    edges = np.concatenate(([0], changes, [samples.size]))
    lengths = [*([0] if samples[0] else []), *np.diff(edges).tolist()]
    return ", ".join(map(str, lengths))
