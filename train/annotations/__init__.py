"""What people drew in annotation tools, as masks: exports of CVAT and COCO instances."""

from train.annotations.annotated import POLYP, Annotated, Labels
from train.annotations.exports import Export, exports_in
from train.annotations.folder import MaskFolder

__all__ = ["POLYP", "Annotated", "Export", "Labels", "MaskFolder", "exports_in"]
