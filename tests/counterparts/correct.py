"""Corrects an export of masks with Datumaro, as a person would; runs in the counterparts' Python.

    python correct.py FORMAT FROM TO EXPORTED TRUTH.npz

FORMAT and EXPORTED are Datumaro's names of formats, FROM and TO folders. The first picture gets a
polygon instead of its masks, the second another mask, the third loses its masks; the rest stay.
TRUTH holds the masks that Datumaro itself then reads from TO.
"""

import sys

import cv2
import datumaro as dm
import numpy as np
from datumaro.util.mask_tools import rles_to_mask


def drawn(item: dm.DatasetItem) -> np.ndarray:
    """What is polyp on a picture, by Datumaro."""
    size = item.media.size
    whole = np.zeros(size, np.uint8)
    for shape in item.annotations:
        if shape.type is dm.AnnotationType.mask:
            whole |= shape.image.astype(np.uint8)
        elif shape.type is dm.AnnotationType.polygon:
            whole |= rles_to_mask([shape.points], size[1], size[0]).astype(np.uint8)
    return whole


def main(form: str, source: str, target: str, exported: str, truth: str) -> None:
    """Correct an export."""
    found = dm.Dataset.import_from(source, form)
    before = {item.id: drawn(item) for item in found}
    for number, item in enumerate(sorted(found, key=lambda item: item.id)):
        height, width = item.media.size
        # Datumaro puts a box beside every mask of COCO's.
        new = [shape for shape in item.annotations if shape.type is not dm.AnnotationType.bbox]
        if number == 0:
            corners = (0.2, 0.3, 0.8, 0.35, 0.6, 0.9)
            points = (np.array(corners).reshape(3, 2) * (width, height)).round(1).ravel().tolist()
            new = [dm.Polygon(points, label=0)]
        elif number == 1:
            mask = cv2.circle(
                np.zeros((height, width), np.uint8), (width // 2, height // 2), 9, 1, -1
            )
            crowd = {"is_crowd": True}  # or Datumaro makes a polygon of it for COCO
            new = [dm.RleMask(packed(mask), label=0, attributes=crowd)]
        elif number == 2:
            new = []
        found.put(item.wrap(annotations=new))
    found.export(target, exported, save_media=True)
    after = {item.id: drawn(item) for item in dm.Dataset.import_from(target, exported)}
    np.savez(truth, **{f"before {key}": mask for key, mask in before.items()}, **after)


def packed(mask: np.ndarray) -> dict:
    """A mask as COCO packs it."""
    from pycocotools import mask as run_lengths

    return run_lengths.encode(np.asfortranarray(mask))


if __name__ == "__main__":
    main(*sys.argv[1:])
