"""Whatever planes a picture comes in, a network is shown what the reference would show it.

The reference: RGB by the picture's own matrix and range in double precision, chroma repeated,
rounded to uint8, cropped to the view and resized by OpenCV.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Layout, Matrix, Picture, Rect
from nets.preprocessing import (
    Prepared,
    Preprocessing,
    distinct,
    prepare,
    prepare_planes,
    prepare_rgb,
    rgb_of,
)
from nets.resizing import INTERPOLATION

WITHIN_444 = 2  # levels: each plane is rounded once more than in the reference
MEAN_420, TAIL_420 = 1.5, 6.0  # levels: chroma is resized from half the size instead of repeated
COLOURS = [
    Colour(matrix, full_range) for matrix in (Matrix.BT601, Matrix.BT709) for full_range in (0, 1)
]


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: folds of tissue, a polyp's edge, highlights and a little noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width] / height
    folds = 0.5 + 0.3 * np.sin(9 * columns + 4 * np.sin(5 * rows))
    polyp = np.hypot(rows - 0.5, columns - 0.6) < 0.2
    picture = np.stack([200 * folds, 90 * folds + 30 * rows, 70 * folds], axis=-1)
    picture[polyp] += (30, 45, 40)
    picture[rng.random((height, width)) < 0.001] = 250
    picture += rng.normal(0, 3, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def to_planes(rgb: np.ndarray, layout: Layout, colour: Colour) -> Picture:
    """Encode RGB as H.273 says, chroma averaged where it is subsampled."""
    kr, kb = colour.matrix.kr_kb
    red, green, blue = (rgb[..., channel] / 255.0 for channel in range(3))
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    parts = [luma, (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)]
    peak = (1 << layout.bits) - 1
    level = 1 << (layout.bits - 8)
    if colour.full_range:
        samples = [parts[0] * peak, *(part * peak + 128 * level for part in parts[1:])]
    else:
        samples = [
            (parts[0] * 219 + 16) * level,
            *((part * 224 + 128) * level for part in parts[1:]),
        ]
    down, across = 1 << layout.chroma_shift_y, 1 << layout.chroma_shift_x
    height, width = luma.shape
    for index in (1, 2):
        edge = ((0, -height % down), (0, -width % across))
        padded = np.pad(samples[index], edge, mode="edge")
        blocks = padded.reshape(padded.shape[0] // down, down, -1, across)
        samples[index] = blocks.mean((1, 3))
    whole = [
        (np.clip(np.rint(part), 0, peak).astype(layout.dtype) << layout.shift).astype(layout.dtype)
        for part in samples
    ]
    if layout.grey:
        whole = whole[:1]
    elif layout.interleaved:
        whole = [whole[0], np.dstack(whole[1:])]
    return Picture(tuple(np.ascontiguousarray(plane) for plane in whole), layout, colour)


def exact_rgb(picture: Picture) -> np.ndarray:
    """The reference's RGB: (H, W, 3) uint8."""
    layout, colour = picture.layout, picture.colour
    kr, kb = colour.matrix.kr_kb
    luma, *chroma = (plane.astype(np.float64) / (1 << layout.shift) for plane in picture.planes)
    if layout.interleaved:
        chroma = [chroma[0][..., 0], chroma[0][..., 1]]
    level, peak = 1 << (layout.bits - 8), (1 << layout.bits) - 1
    if layout.grey:
        chroma = [np.full_like(luma, 128 * level)] * 2
    height, width = luma.shape
    full = [
        plane.repeat(1 << layout.chroma_shift_y, 0).repeat(1 << layout.chroma_shift_x, 1)
        for plane in chroma
    ]
    blue_less, red_less = (plane[:height, :width] - 128 * level for plane in full)
    if colour.full_range:
        luma, blue_less, red_less = luma / peak, blue_less / peak, red_less / peak
    else:
        luma = (luma - 16 * level) / (219 * level)
        blue_less, red_less = blue_less / (224 * level), red_less / (224 * level)
    red = luma + (2 - 2 * kr) * red_less
    blue = luma + (2 - 2 * kb) * blue_less
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.rint(np.dstack([red, green, blue]) * 255), 0, 255).astype(np.uint8)


def difference(picture: Picture, contract: Preprocessing) -> np.ndarray:
    """Absolute differences of what a network is shown, in levels."""
    shown = prepare_planes(picture, contract).astype(np.int16)
    return np.abs(shown - prepare_rgb(exact_rgb(picture), contract))


@pytest.mark.parametrize("colour", COLOURS, ids=str)
@pytest.mark.parametrize("name", LAYOUTS)
def test_rgb_is_that_of_the_pictures_own_matrix_and_range(name: str, colour: Colour) -> None:
    picture = to_planes(scene(30, 46), LAYOUTS[name], colour)
    # Single precision: a value on the edge between two levels may fall to either side.
    assert np.abs(rgb_of(picture).astype(int) - exact_rgb(picture)).max() <= 1


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("resize", INTERPOLATION)
def test_the_same_rgb_is_shown_bit_for_bit(resize: str, order: str) -> None:
    rgb = scene(120, 150)
    contract = Preprocessing(height=64, width=96, resize=resize, order=order)
    expected = cv2.resize(rgb, (96, 64), interpolation=INTERPOLATION[resize])
    expected = expected if order == "rgb" else expected[..., ::-1]
    assert np.array_equal(prepare_rgb(rgb, contract), expected)


@pytest.mark.parametrize("colour", COLOURS, ids=str)
@pytest.mark.parametrize("resize", ["area", "bilinear"])
@pytest.mark.parametrize("size", [(540, 720), (256, 256), (256, 400), (131, 177)], ids=str)
def test_planes_of_full_chroma_are_within_two_levels(
    size: tuple[int, int], resize: str, colour: Colour
) -> None:
    picture = to_planes(scene(*size), LAYOUTS["yuv444p"], colour)
    assert difference(picture, Preprocessing(resize=resize)).max() <= WITHIN_444


@pytest.mark.parametrize("name", ["yuv444p10le", "yuv444p12le", "gray", "gray10le", "gray12le"])
@pytest.mark.parametrize("resize", INTERPOLATION)
def test_deep_and_grey_planes_are_within_two_levels(name: str, resize: str) -> None:
    picture = to_planes(scene(300, 400), LAYOUTS[name], Colour(Matrix.BT709))
    assert difference(picture, Preprocessing(resize=resize)).max() <= WITHIN_444


SUBSAMPLED = [name for name, layout in LAYOUTS.items() if layout.chroma_shift_x]


@pytest.mark.parametrize("name", SUBSAMPLED)
@pytest.mark.parametrize("size", [(540, 720), (1080, 1440), (271, 301)], ids=str)
def test_subsampled_planes_are_close_on_synthetic_frames(name: str, size: tuple[int, int]) -> None:
    picture = to_planes(scene(*size), LAYOUTS[name], Colour(Matrix.BT709))
    off = difference(picture, Preprocessing())
    assert off.mean() <= MEAN_420
    assert np.percentile(off, 99.9) <= TAIL_420


@pytest.mark.parametrize("folder", ["polypgen/C1", "polypgen/C4", "ui-1080p/C3", "ui-1080p/C5"])
@pytest.mark.parametrize("name", ["yuv420p", "nv12"])
def test_subsampled_planes_are_close_on_real_frames(
    shared_data: Path, folder: str, name: str
) -> None:
    files = sorted((shared_data / folder / "images").glob("*.jpg"))[:4]
    assert files
    for file in files:
        rgb = cv2.imread(str(file))[..., ::-1]
        picture = to_planes(rgb, LAYOUTS[name], Colour(Matrix.BT709))
        for size in (192, 256):
            off = difference(picture, Preprocessing(height=size, width=size))
            assert off.mean() <= MEAN_420, file
            assert np.percentile(off, 99.9) <= TAIL_420, file


@pytest.mark.parametrize("name", ["yuv444p", "yuv422p", "yuv420p", "nv12", "yuv420p10le", "gray"])
@pytest.mark.parametrize("size", [(97, 131), (540, 720), (100, 90)], ids=str)
def test_nearest_takes_exactly_the_pixels_that_opencv_takes(
    name: str, size: tuple[int, int]
) -> None:
    picture = to_planes(scene(*size), LAYOUTS[name], Colour(Matrix.BT601))
    contract = Preprocessing(height=64, width=80, resize="nearest")
    expected = cv2.resize(rgb_of(picture), (80, 64), interpolation=cv2.INTER_NEAREST)
    assert np.array_equal(prepare_planes(picture, contract), expected)


def test_the_order_of_channels_is_the_contracts() -> None:
    picture = to_planes(scene(120, 150), LAYOUTS["yuv420p"], Colour(Matrix.BT709))
    shown = [prepare_planes(picture, Preprocessing(order=order)) for order in ("rgb", "bgr")]
    assert np.array_equal(shown[0], shown[1][..., ::-1])


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "nv12", "yuv444p", "gray"])
def test_a_view_is_cut_out_of_the_planes_as_out_of_the_picture(name: str) -> None:
    picture = to_planes(scene(240, 320), LAYOUTS[name], Colour(Matrix.BT709))
    view = picture.aligned(Rect(33, 17, 201, 150))
    contracts = (Preprocessing(height=64, width=64), Preprocessing(96, 64, extent="frame"))
    prepared = prepare(picture, view, contracts)
    assert (prepared.view, prepared.frame) == (view, Rect(0, 0, 320, 240))
    rows, columns = view.slices()
    cut = prepare_rgb(np.ascontiguousarray(exact_rgb(picture)[rows, columns]), contracts[0])
    off = np.abs(prepared.inputs[0].astype(int) - cut)
    assert off.mean() <= MEAN_420
    whole = np.abs(prepared.inputs[1].astype(int) - prepare_rgb(exact_rgb(picture), contracts[1]))
    assert whole.mean() <= MEAN_420
    assert [shown.shape for shown in prepared.inputs] == [(64, 64, 3), (96, 64, 3)]


def test_strided_planes_are_read_as_they_are() -> None:
    wide = to_planes(scene(120, 200), LAYOUTS["yuv420p"], Colour(Matrix.BT709))
    left = wide.crop(Rect(0, 0, 100, 120))
    copied = Picture(tuple(plane.copy() for plane in left.planes), left.layout, left.colour)
    for resize in INTERPOLATION:
        contract = Preprocessing(height=64, width=64, resize=resize)
        assert np.array_equal(prepare_planes(left, contract), prepare_planes(copied, contract))


def test_preparing_changes_nothing_in_the_picture_and_keeps_nothing_of_it() -> None:
    picture = to_planes(scene(300, 400), LAYOUTS["yuv420p"], Colour(Matrix.BT709))
    before = [plane.copy() for plane in picture.planes]
    first = prepare_planes(picture, Preprocessing())
    kept = first.copy()
    prepare_planes(
        to_planes(scene(300, 400, seed=1), picture.layout, picture.colour), Preprocessing()
    )
    assert np.array_equal(first, kept)  # its memory was not given to the next picture
    assert all(np.array_equal(a, b) for a, b in zip(before, picture.planes, strict=True))


def test_members_that_share_a_contract_share_an_input() -> None:
    first, second = Preprocessing(), Preprocessing(height=128)
    assert distinct([first, second, Preprocessing()]) == (first, second)
    picture = to_planes(scene(60, 80), LAYOUTS["yuv420p"], Colour(Matrix.BT709))
    assert isinstance(prepare(picture, picture.whole, (first, second)), Prepared)
