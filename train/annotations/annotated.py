"""A picture's shapes as an annotation tool exported them, and the mask that they make."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.annotations.shapes import Shape
from train.errors import ManifestError


@dataclass(frozen=True, slots=True)
class Labels:
    """What labels mean, all in lower case.

    Attributes:
        polyp: what they are on is polyp.
        other: what they are on is none.
    """

    polyp: frozenset[str] = frozenset({"polyp"})
    other: frozenset[str] = frozenset()


POLYP = Labels()
"""Nothing but `polyp` is known."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """One picture of an export.

    Attributes:
        name: of the picture, as the export has it; folders are parted by `/`.
        width: of the picture as the export has it.
        height: the same.
        export: where it stands, for messages.
        shapes: each with its label, as people wrote it.
    """

    name: str
    width: int
    height: int
    export: str
    shapes: list[tuple[str, Shape]]

    def unknown(self, labels: Labels) -> set[str]:
        """Labels of its shapes of which nothing is known, as people wrote them."""
        known = labels.polyp | labels.other
        return {label for label, _ in self.shapes if label.lower() not in known}

    def mask(self, size: tuple[int, int], labels: Labels) -> NDArray[np.bool_]:
        """Draw the mask.

        Args:
            size: (height, width) of the picture on the disk.
            labels: what they mean.

        Returns:
            (H, W) bool, True where a shape is whose label means polyp.

        Raises:
            ManifestError: the picture has another size, or a shape is no area or damaged.
        """
        height, width = size
        if (self.height, self.width) != size:
            raise ManifestError(
                f"{self.export}: {self.name} is {self.width}x{self.height} there, but the "
                f"picture is {width}x{height}: annotate the picture at its own size"
            )
        canvas = np.zeros(size, np.bool_)
        for label, shape in self.shapes:
            if label.lower() in labels.polyp:
                try:
                    shape.paint(canvas)
                except ValueError as problem:
                    raise ManifestError(f"{self.export}: {self.name}: {problem}") from problem
        return canvas
