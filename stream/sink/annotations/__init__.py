"""Masks for annotation tools, so that people can correct them: COCO and CVAT.

Both list pictures by the names that `NAME.frames/` gives them, `000042.png` for frame 42.
"""

from stream.sink.annotations.coco import CocoFile
from stream.sink.annotations.cvat import CvatFile

__all__ = ["CocoFile", "CvatFile"]
