"""A processor's screen in the planes a capture card delivers, without RGB at full size."""

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.picture import LAYOUTS, Colour, Picture, Plane
from stream.source.synthetic.panel import Panel


def yuv_matrix(colour: Colour) -> NDArray[np.float64]:
    """(3, 4) matrix from 8-bit RGB and 1 to 8-bit Y, Cb, Cr (ITU-T H.273, section 8.3)."""
    kr, kb = colour.matrix.kr_kb
    luma = np.array([kr, 1 - kr - kb, kb])
    blue = (np.array([0, 0, 1]) - luma) / (2 * (1 - kb))
    red = (np.array([1, 0, 0]) - luma) / (2 * (1 - kr))
    y_scale, c_scale, black = (1.0, 1.0, 0) if colour.full_range else (219 / 255, 224 / 255, 16)
    rows = np.stack([luma * y_scale, blue * c_scale, red * c_scale])
    return np.column_stack([rows, [black, 128, 128]])


class PlanarPanel:
    """A panel as yuv420p: the picture is converted small and scaled plane by plane."""

    def __init__(self, panel: Panel, colour: Colour) -> None:
        """Convert what stands still.

        Args:
            panel: in RGB; its view starts on even samples.
            colour: of the planes.
        """
        self._colour = colour
        self._matrix = yuv_matrix(colour)
        height, width = panel.background.shape[:2]
        luma, *chroma = cv2.split(cv2.transform(panel.background, self._matrix))
        half = (-(-width // 2), -(-height // 2))
        self._background: list[Plane] = [
            luma, *(cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in chroma)
        ]  # fmt: skip
        view = panel.view
        small = (-(-view.width // 2), -(-view.height // 2))
        covered = cv2.resize(panel.aperture, small, interpolation=cv2.INTER_AREA)
        open_chroma = np.where(covered > 127, 255, 0).astype(np.uint8)
        self._apertures = (panel.aperture, open_chroma, open_chroma)
        rows, columns = view.slices()
        halved = (
            slice(view.y // 2, view.y // 2 + small[1]),
            slice(view.x // 2, view.x // 2 + small[0]),
        )
        self._places = ((rows, columns), halved, halved)

    def show(self, picture: NDArray[np.uint8]) -> Picture:
        """The screen with an RGB picture of any size in it."""
        planes = []
        parts = cv2.split(cv2.transform(picture, self._matrix))
        for plane, background, aperture, place in zip(
            parts, self._background, self._apertures, self._places, strict=True
        ):
            screen = background.copy()
            fitted = cv2.resize(plane, aperture.shape[::-1], interpolation=cv2.INTER_LINEAR)
            cv2.copyTo(fitted, aperture, screen[place])
            planes.append(screen)
        return Picture(tuple(planes), LAYOUTS["yuv420p"], self._colour)
