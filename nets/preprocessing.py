"""THE way from a picture to a network's input: one implementation for training and video.

A checkpoint carries its contract (`Preprocessing`); whoever feeds the network obeys it.
The reference is: uint8 RGB by the picture's own matrix, crop to the view, OpenCV resize.
Pictures in planes take a short cut with the same result within the tolerances that
`tests/nets/test_preprocessing.py` holds: each plane is resized, then colour is converted
at the network's size, which is linear and so commutes up to rounding and clipping.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from nets.picture import Colour, Layout, Picture, Plane, Rect
from nets.resizing import EXTRA_BITS, INTERPOLATION, pick_nearest, resize_plane

Rgb = NDArray[np.uint8]
"""(H, W, 3) uint8."""

Divisor = Annotated[float, Field(gt=0)]

FINE = 256
"""Parts of a level to which deep samples are converted before they are rounded."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Preprocessing:
    """The contract between a network and whoever feeds it.

    Attributes:
        height: rows of the network's input.
        width: columns of the network's input.
        resize: OpenCV's filter by name.
        unit_range: samples are divided by 255 first; False leaves 0 to 255.
        mean: subtracted from each channel after that.
        std: divides each channel after that.
        order: order of the channels.
        extent: whether the network sees the endoscope's view or the whole frame.
    """

    height: int = Field(default=256, ge=32, le=4096)
    width: int = Field(default=256, ge=32, le=4096)
    resize: Literal["area", "bilinear", "nearest"] = "area"
    unit_range: bool = True
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[Divisor, Divisor, Divisor] = IMAGENET_STD
    order: Literal["rgb", "bgr"] = "rgb"
    extent: Literal["view", "frame"] = "view"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON or YAML."""
        values: dict[str, Any] = TypeAdapter(Preprocessing).dump_python(self, mode="json")
        return values

    def affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scale and offset, each (3,) float32, with network input = sample * scale + offset."""
        std = np.asarray(self.std, np.float32)
        divisor = np.float32(255.0 if self.unit_range else 1.0)
        return 1.0 / (divisor * std), -np.asarray(self.mean, np.float32) / std


@dataclass(frozen=True, slots=True)
class Prepared:
    """One picture, ready for an engine.

    Attributes:
        inputs: one (h, w, 3) uint8 array for each contract of the engine, in its order; none
            where the engine makes them of `picture` by itself.
        view: the endoscope's picture inside the frame.
        frame: the whole frame.
        picture: the whole frame's native planes, for such an engine.
    """

    inputs: tuple[Rgb, ...]
    view: Rect
    frame: Rect
    picture: Picture | None = None


def distinct(contracts: Sequence[Preprocessing]) -> tuple[Preprocessing, ...]:
    """Each contract once, in the order of first use: one prepared input serves all who share it."""
    return tuple(dict.fromkeys(contracts))


def prepare(picture: Picture, view: Rect, contracts: tuple[Preprocessing, ...]) -> Prepared:
    """What each contract's network is shown of a picture.

    Args:
        picture: native planes.
        view: the endoscope's picture, aligned to the chroma grid.
        contracts: the distinct contracts of an engine.
    """
    inputs = tuple(
        prepare_planes(picture.crop(view) if contract.extent == "view" else picture, contract)
        for contract in contracts
    )
    return Prepared(inputs, view, picture.whole)


def prepare_rgb(rgb: Rgb, contract: Preprocessing) -> Rgb:
    """A network's input from an RGB picture that shows just its extent.

    Args:
        rgb: (H, W, 3) uint8, red first.
        contract: what the network wants.

    Returns:
        (contract.height, contract.width, 3) uint8 in the contract's order.
    """
    resized = cv2.resize(
        rgb, (contract.width, contract.height), interpolation=INTERPOLATION[contract.resize]
    )
    return np.ascontiguousarray(resized if contract.order == "rgb" else resized[..., ::-1])


def prepare_planes(picture: Picture, contract: Preprocessing) -> Rgb:
    """A network's input from native planes that show just its extent; shape as `prepare_rgb`."""
    size = (contract.width, contract.height)
    planes = _separate(picture)
    if contract.resize == "nearest":
        seen = (picture.height, picture.width)
        shifts = [(0, 0), *[_subsampling(picture.layout)] * 2]
        small = [
            pick_nearest(plane, size, seen, shift)
            for plane, shift in zip(planes, shifts, strict=False)
        ]
        return _to_rgb(small, picture.layout, picture.colour, contract.order)
    if _is_coarse(picture, size):
        return prepare_rgb(rgb_of(picture), contract)
    layout = picture.layout
    if layout.bits == 8:
        layout = replace(layout, shift=EXTRA_BITS)
    small = [resize_plane(plane, size, contract.resize) for plane in planes]
    return _to_rgb(small, layout, picture.colour, contract.order)


def rgb_of(picture: Picture) -> Rgb:
    """A whole picture as (H, W, 3) uint8 RGB, chroma repeated, by its own matrix and range.

    For a window, a still, a test, and pictures whose chroma is too coarse for anything faster.
    """
    luma, *chroma = _separate(picture)
    down, across = _subsampling(picture.layout)
    if down or across:
        chroma = [
            cv2.resize(
                plane,
                (plane.shape[1] << across, plane.shape[0] << down),
                interpolation=cv2.INTER_NEAREST,
            )[: picture.height, : picture.width]
            for plane in chroma
        ]
    return _to_rgb([luma, *chroma], picture.layout, picture.colour, "rgb")


def _separate(picture: Picture) -> list[Plane]:
    """Luma and, where there is any, the two chroma planes."""
    luma, *chroma = picture.planes
    if picture.layout.interleaved:
        chroma = list(cv2.split(chroma[0]))
    return [luma, *chroma]


def _subsampling(layout: Layout) -> tuple[int, int]:
    """Log2 of luma samples per chroma sample, down and across."""
    return layout.chroma_shift_y, layout.chroma_shift_x


def _is_coarse(picture: Picture, size: tuple[int, int]) -> bool:
    """Whether resizing chroma would not do what resizing repeated chroma does.

    So it is where it would be enlarged, and where its last sample stands for half as much luma
    as the others. Such pictures are small, or rare.
    """
    down, across = _subsampling(picture.layout)
    return any(
        shift and (length % (1 << shift) or length >> shift < wanted)
        for shift, length, wanted in (
            (down, picture.height, size[1]),
            (across, picture.width, size[0]),
        )
    )


@lru_cache(maxsize=32)
def conversion(layout: Layout, colour: Colour, order: str) -> NDArray[np.float32]:
    """The (3, 4) matrix from samples to RGB levels (ITU-T H.273, full and limited range)."""
    kr, kb = colour.matrix.kr_kb
    kg = 1.0 - kr - kb
    to_rgb = np.array(
        [
            [1.0, 0.0, 2.0 * (1.0 - kr)],
            [1.0, -2.0 * kb * (1.0 - kb) / kg, -2.0 * kr * (1.0 - kr) / kg],
            [1.0, 2.0 * (1.0 - kb), 0.0],
        ]
    )
    unit = float(1 << (layout.bits - 8 + layout.shift))  # one 8-bit level, in samples
    if colour.full_range:
        peak = float(((1 << layout.bits) - 1) << layout.shift)
        scale = np.array([255.0 / peak] * 3)
        offset = np.array([0.0, 128.0 * unit, 128.0 * unit])
    else:
        scale = np.array([255.0 / 219.0, 255.0 / 224.0, 255.0 / 224.0]) / unit
        offset = np.array([16.0, 128.0, 128.0]) * unit
    linear = to_rgb * scale
    matrix = np.column_stack([linear, -linear @ offset])
    return (matrix if order == "rgb" else matrix[::-1]).astype(np.float32)


def _to_rgb(planes: Sequence[Plane], layout: Layout, colour: Colour, order: str) -> Rgb:
    """(H, W, 3) uint8 from luma and full chroma planes of one size, or from luma alone."""
    if layout.grey:
        neutral = np.full_like(planes[0], 1 << (layout.bits - 1 + layout.shift))
        planes = [planes[0], neutral, neutral]
    samples = cv2.merge(planes)
    matrix = conversion(layout, colour, order)
    if samples.dtype == np.uint8:
        return np.asarray(cv2.transform(samples, matrix), np.uint8)  # rounds and saturates
    levels = cv2.transform(samples, matrix * FINE)  # in uint16, so negative ones end here
    return np.asarray(cv2.convertScaleAbs(levels, alpha=1.0 / FINE), np.uint8)
