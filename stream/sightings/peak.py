"""A sighting's best moment: the frame that shows most of the polyp, and a small picture of it."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import Picture, Rect
from nets.preprocessing import Preprocessing, prepare_planes
from stream.frame import Frame

THUMBNAIL_WIDTH = 192
THUMBNAIL_SHAPE = 4 / 3
"""Width of a thumbnail divided by its height, where the view is large enough."""

SMALLEST_SIDE = 32
JPEG_QUALITY = 80

MARGIN = 1.6
"""A thumbnail is so much wider than the polyp's box."""

LEAST_OF_VIEW = 0.4
"""A thumbnail shows at least this share of the view's width: where it is has to be seen too."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The moment at which a polyp was seen best.

    Attributes:
        index: of the frame.
        seconds: of the frame.
        box: around the polyp, in luma samples of the frame.
        area: share of the view.
        score: area times confidence; the highest wins.
        small: (h, w, 3) uint8 RGB, what the thumbnail shows.
        shown: the part of the frame that it shows.
    """

    index: int
    seconds: float
    box: Rect
    area: float
    score: float
    small: NDArray[np.uint8]
    shown: Rect

    def jpeg(self) -> bytes:
        """The thumbnail."""
        options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        bgr: Any = np.ascontiguousarray(self.small[..., ::-1])
        _, encoded = cv2.imencode(".jpg", bgr, options)
        return encoded.tobytes()


def peak_of(frame: Frame, box: Rect, view: Rect, area: float, confidence: float) -> Peak:
    """A peak with its small picture, which never shows anything outside the view."""
    shown = surroundings(box, view, frame.picture)
    height = max(round(THUMBNAIL_WIDTH * shown.height / shown.width), SMALLEST_SIDE)
    contract = Preprocessing(height=height, width=THUMBNAIL_WIDTH)
    small = prepare_planes(frame.picture.crop(shown), contract)
    return Peak(frame.index, float(frame.seconds), box, area, area * confidence, small, shown)


def surroundings(box: Rect, view: Rect, picture: Picture) -> Rect:
    """The part of the view around a box, on the chroma grid."""
    width = max(MARGIN * box.width, MARGIN * box.height * THUMBNAIL_SHAPE)
    width = min(max(width, LEAST_OF_VIEW * view.width), view.width)
    height = min(width / THUMBNAIL_SHAPE, view.height)
    left = box.x + box.width / 2 - width / 2
    top = box.y + box.height / 2 - height / 2
    left = min(max(left, view.x), view.x + view.width - width)
    top = min(max(top, view.y), view.y + view.height - height)
    around = picture.aligned(Rect(round(left), round(top), round(width), round(height)))
    return around if around.area else view
