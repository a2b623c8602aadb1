"""What every engine is: pictures in, as it wants them prepared, maps of polyp probability out."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from nets.grid import Grid
from nets.picture import Picture, Rect
from nets.preprocessing import Prepared, Preprocessing, prepare

Maps = NDArray[np.float32]


class Engine(Protocol):
    """An ensemble that is ready to answer. Close it, or use it as a context manager.

    Attributes:
        name: what the weights are called.
        card: the weights' model card in Markdown, empty where there is none.
        runs_on: device and arithmetic, for people ("CPU, OpenVINO f32").
        device: `cpu` or `cuda:N`, as PyTorch calls it.
        arithmetic: in which most of the work is done: f32, bf16, f16 or int8.
        contracts: what each of a `Prepared`'s inputs is for, in order.
        grid: the shape and extent of the maps.
        threshold: above it a pixel is polyp.
        certainty: fused maps pass the threshold only in regions that are surer than that somewhere.
        members: names of the members, in order.
        batch: how many pictures a call answers fastest.
    """

    name: str
    card: str
    runs_on: str
    device: str
    arithmetic: str
    contracts: tuple[Preprocessing, ...]
    grid: Grid
    threshold: float
    certainty: float
    members: tuple[str, ...]
    batch: int

    def prepare(self, picture: Picture, view: Rect) -> Prepared:
        """A picture as this engine wants it: inputs made here, or planes that it takes itself.

        Args:
            picture: native planes; they must stay as they are until the answer is there.
            view: the endoscope's picture, aligned to the chroma grid.
        """
        ...

    def predict(self, pictures: Sequence[Prepared]) -> Maps:
        """(N, grid.height, grid.width) float32 fused polyp probability, in [0, 1]."""
        ...

    def predict_members(self, pictures: Sequence[Prepared]) -> Maps:
        """(N, M, grid.height, grid.width) float32: each member's probability on the grid."""
        ...

    def close(self) -> None:
        """Give back what the engine holds."""
        ...

    def __enter__(self) -> Self:
        """The engine itself."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the engine."""
        ...


def view_shares(pictures: Sequence[Prepared]) -> NDArray[np.float32]:
    """(N, 4) float32: each view's left, top, width and height as shares of its frame."""
    return np.array(
        [
            [
                picture.view.x / picture.frame.width,
                picture.view.y / picture.frame.height,
                picture.view.width / picture.frame.width,
                picture.view.height / picture.frame.height,
            ]
            for picture in pictures
        ],
        np.float32,
    )


class Closing:
    """What makes an engine a context manager."""

    def close(self) -> None:
        """Nothing to give back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class OnHost(Closing):
    """What makes an engine one whose networks' inputs are made by the host."""

    contracts: tuple[Preprocessing, ...]

    def prepare(self, picture: Picture, view: Rect) -> Prepared:
        """Each contract's input, made now."""
        return prepare(picture, view, self.contracts)
