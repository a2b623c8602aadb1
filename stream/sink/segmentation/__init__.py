"""Polyps as a DICOM Segmentation that refers to the frames of the recording (PS3.3, A.51).

Needs pydicom, so it is imported only where one is asked for.
"""

from stream.sink.segmentation.segmentation import SUFFIX, Segmentation
from stream.sink.segmentation.segments import Algorithm

__all__ = ["SUFFIX", "Algorithm", "Segmentation"]
