"""THE way from a picture to a network's input: one implementation for training and video.

A checkpoint carries its contract (`Preprocessing`); whoever feeds the network obeys it.
The reference is: uint8 RGB by the picture's own matrix, crop to the view, OpenCV resize.
Pictures in planes take a short cut with the same result within the tolerances that
`tests/nets/test_preprocessing.py` holds: each plane is resized, then colour is converted
at the network's size, which is linear and so commutes up to rounding and clipping.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from nets.picture import Colour, Layout, Picture, Plane, Rect

Rgb = NDArray[np.uint8]
"""(H, W, 3) uint8."""

Divisor = Annotated[float, Field(gt=0)]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

SCALERS_KEPT = 16
"""Scaling contexts a thread keeps: one for each size of plane that comes by."""


class _Scalers(threading.local):
    """Scaling contexts by the sizes they scale from and to; they are not for two threads."""

    def __init__(self) -> None:
        self.of_thread: dict[tuple[tuple[int, ...], tuple[int, int]], VideoReformatter] = {}


_scalers = _Scalers()

INTERPOLATION = {
    "area": cv2.INTER_AREA,
    "bilinear": cv2.INTER_LINEAR,
    "nearest": cv2.INTER_NEAREST,
}


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
        inputs: one (h, w, 3) uint8 array for each contract of the engine, in its order.
        view: the endoscope's picture inside the frame.
        frame: the whole frame.
    """

    inputs: tuple[Rgb, ...]
    view: Rect
    frame: Rect


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
    luma, *chroma = picture.planes
    channels = [_resized(luma, size, contract.resize)]
    if chroma:
        across, down = picture.layout.chroma_shift_x, picture.layout.chroma_shift_y
        for plane in chroma:
            if contract.resize == "nearest":
                channels.append(_nearest(plane, size, luma.shape, (down, across)))
            else:
                channels.append(_resized(plane, size, contract.resize))
    small = cv2.merge(channels)
    if picture.layout.grey:
        small = cv2.merge([small, *[np.full_like(small, _neutral(picture.layout))] * 2])
    return _to_rgb(small, picture.layout, picture.colour, contract.order)


def rgb_of(picture: Picture) -> Rgb:
    """A whole picture as (H, W, 3) uint8 RGB, chroma repeated, by its own matrix and range.

    For a window, a still or a test; recordings keep their planes.
    """
    height, width = picture.planes[0].shape
    luma, *chroma = picture.planes
    channels = [luma]
    for plane in chroma:
        parts = [plane] if plane.ndim == 2 else [plane[..., 0], plane[..., 1]]
        for part in parts:
            wide = part.repeat(1 << picture.layout.chroma_shift_x, axis=1)
            channels.append(
                wide.repeat(1 << picture.layout.chroma_shift_y, axis=0)[:height, :width]
            )
    if picture.layout.grey:
        neutral = np.full_like(luma, _neutral(picture.layout))
        channels += [neutral, neutral]
    samples = np.dstack(channels)
    return _to_rgb(samples, picture.layout, picture.colour, "rgb")


def _resized(plane: Plane, size: tuple[int, int], resize: str) -> Plane:
    shrinks = plane.shape[1] >= size[0] and plane.shape[0] >= size[1]
    if resize == "area" and shrinks and plane.ndim == 2 and plane.dtype == np.uint8:
        return _area_mean(plane, size)
    return cv2.resize(plane, size, interpolation=INTERPOLATION[resize])


def _area_mean(plane: Plane, size: tuple[int, int]) -> Plane:
    """What OpenCV's INTER_AREA computes, by swscale: a fifth of the time at 1080p.

    One plane of grey samples has no colour to convert and no chroma to place, so the two agree
    to within rounding (measured on the tests' frames).
    """
    scalers = _scalers.of_thread
    scaler = scalers.get((plane.shape, size))
    if scaler is None:
        if len(scalers) >= SCALERS_KEPT:
            scalers.clear()
        scaler = scalers[plane.shape, size] = VideoReformatter()
    grey = av.VideoFrame.from_numpy_buffer(plane, "gray")
    small = scaler.reformat(grey, *size, "gray", interpolation=Interpolation.AREA).planes[0]
    memory: Any = small  # a buffer, which its stub does not say
    return np.frombuffer(memory, np.uint8).reshape(small.height, small.line_size)[:, : size[0]]


def _nearest(
    plane: Plane, size: tuple[int, int], luma: tuple[int, ...], shift: tuple[int, int]
) -> Plane:
    """Chroma at exactly the luma samples that OpenCV's nearest picks."""
    rows = _nearest_indices(luma[0], size[1]) >> shift[0]
    columns = _nearest_indices(luma[1], size[0]) >> shift[1]
    return np.asarray(plane[rows[:, None], columns[None, :]])


@lru_cache(maxsize=64)
def _nearest_indices(length: int, wanted: int) -> NDArray[np.int64]:
    """Which samples OpenCV's nearest picks: asked of OpenCV, whose releases differ."""
    positions = np.arange(length, dtype=np.float32)[None, :]
    picked = cv2.resize(positions, (wanted, 1), interpolation=cv2.INTER_NEAREST)[0]
    return np.asarray(picked, np.int64)


def _neutral(layout: Layout) -> int:
    return 1 << (layout.bits - 1 + layout.shift)


@lru_cache(maxsize=32)
def _conversion(layout: Layout, colour: Colour, order: str) -> NDArray[np.float32]:
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


def _to_rgb(samples: Plane, layout: Layout, colour: Colour, order: str) -> Rgb:
    matrix = _conversion(layout, colour, order)
    if samples.dtype == np.uint8:
        return np.asarray(cv2.transform(samples, matrix), np.uint8)  # rounds and saturates
    levels = cv2.transform(samples.astype(np.float32), matrix)
    return np.asarray(cv2.convertScaleAbs(np.maximum(levels, 0.0)), np.uint8)
