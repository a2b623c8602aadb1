"""Masks as COCO instances, run-length encoded: `NAME.coco.json`.

Every piece of a mask is an annotation with a `score`; a picture without one has none. Pictures
stand behind the annotations, so that the file can be written as the recording goes by.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from nets.extras import require
from stream.frame import Frame
from stream.prediction import Mask
from stream.sink.annotations.file import UNCORRECTED, AnnotationFile
from stream.sink.annotations.pieces import Piece, pieces_of
from stream.sink.pictures import picture_name

CATEGORY = {"id": 1, "name": "polyp", "supercategory": ""}


class CocoFile(AnnotationFile):
    """Writes `NAME.coco.json`."""

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Open the file and write its head.

        Args:
            path: of the finished file.
            overwrite: replace a file of this name.

        Raises:
            MissingExtraError: pycocotools is not installed.
            OutputExistsError: the file exists and may not be replaced.
            SinkError: it cannot be written.
        """
        require("pycocotools", "annotation", "COCO's run lengths")
        from pycocotools import mask as run_lengths

        self._encode = run_lengths.encode
        super().__init__(path, overwrite=overwrite)
        self._pictures: list[tuple[int, int, int]] = []
        self._annotations = 0
        head = {"info": {"description": UNCORRECTED}, "licenses": [], "categories": [CATEGORY]}
        self.add(json.dumps(head)[:-1] + ',\n"annotations": [')

    def write(self, frame: Frame, mask: Mask) -> None:
        """Write one frame's annotations."""
        height, width = frame.picture.height, frame.picture.width
        self._pictures.append((frame.index, width, height))
        for piece in pieces_of(mask):
            record = self._annotation(frame.index + 1, piece, height, width)
            self.add(("," if self._annotations else "") + "\n" + json.dumps(record))
            self._annotations += 1

    def _annotation(self, picture: int, piece: Piece, height: int, width: int) -> dict[str, Any]:
        # Column by column, as COCO counts.
        whole = np.zeros((height, width), np.uint8, order="F")
        whole[piece.box.slices()] = piece.inside
        return {
            "id": self._annotations + 1,
            "image_id": picture,
            "category_id": CATEGORY["id"],
            "bbox": list(piece.box),
            "area": int(np.count_nonzero(piece.inside)),
            "iscrowd": 0,
            "score": round(piece.peak, 4),
            "segmentation": {
                "size": [height, width],
                "counts": self._encode(whole)["counts"].decode("ascii"),
            },
        }

    def tail(self) -> str:
        """The pictures."""
        pictures = ",\n".join(
            json.dumps(
                {
                    "id": index + 1,
                    "file_name": picture_name(index),
                    "width": width,
                    "height": height,
                }
            )
            for index, width, height in self._pictures
        )
        return f'\n],\n"images": [\n{pictures}\n]}}\n'
