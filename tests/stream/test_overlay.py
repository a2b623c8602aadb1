"""The overlay on the planes: what it changes, and above all what it leaves alone."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from nets.picture import LAYOUTS, Colour, Layout, Matrix, Picture, Rect
from nets.preprocessing import rgb_of
from stream.frame import Frame
from stream.overlay import MARK_RGB, Overlay, mark_in
from stream.prediction import Mask, Prediction, find_mask

HEIGHT, WIDTH = 90, 122
ODD = (91, 121)


def random_frame(layout: Layout, seed: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Frame:
    rng = np.random.default_rng(seed)
    planes = tuple(
        (rng.integers(0, 1 << layout.bits, shape) << layout.shift).astype(layout.dtype)
        for shape in layout.plane_shapes(*size)
    )
    picture = Picture(planes, layout, Colour(Matrix.BT709))
    return Frame(0, 7, Fraction(1, 25), picture, arrived_at=0.0)


def some_mask(seed: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Mask:
    noise = np.random.default_rng(seed).normal(size=(32, 32)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3.0)
    probability = np.clip(0.5 + smooth / smooth.std() / 4, 0, 1).astype(np.float32)
    whole = Rect(0, 0, size[1], size[0])
    mask = find_mask(Prediction(0, whole, whole, probability, 0.0, 0.0), 0.55)
    assert mask.regions
    return mask


def luma_mask(mask: Mask, size: tuple[int, int] = (HEIGHT, WIDTH)) -> NDArray[np.bool_]:
    whole = np.zeros(size, np.bool_)
    whole[mask.box.slices()] = mask.inside > 0
    return whole


def chroma_mask(whole: NDArray[np.bool_], layout: Layout) -> NDArray[np.bool_]:
    """By the definition: a chroma sample is in the mask if any of its luma samples is."""
    rows, columns = layout.plane_shapes(*whole.shape)[1][:2]
    tall, wide = 1 << layout.chroma_shift_y, 1 << layout.chroma_shift_x
    return np.array(
        [
            [
                whole[tall * y : tall * (y + 1), wide * x : wide * (x + 1)].any()
                for x in range(columns)
            ]
            for y in range(rows)
        ]
    )


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), ODD], ids=["even", "odd"])
def test_every_sample_outside_the_mask_is_untouched(layout: Layout, size: tuple[int, int]) -> None:
    if layout.interleaved and size == ODD:
        pytest.skip("NV12 and P010 frames have even sizes")
    frame, mask = random_frame(layout, 1, size), some_mask(2, size)
    shown = Overlay().draw(frame, mask)
    inside = luma_mask(mask, size)
    luma, *chroma = zip(frame.picture.planes, shown.picture.planes, strict=True)
    assert np.array_equal(luma[0][~inside], luma[1][~inside])
    for before, after in chroma:
        outside = ~chroma_mask(inside, layout)
        assert np.array_equal(before[outside], after[outside])
        assert not np.array_equal(before, after)


def test_the_tint_leaves_luma_alone_and_the_outline_stays_in_the_mask() -> None:
    frame, mask = random_frame(LAYOUTS["yuv420p"], 3), some_mask(4)
    tinted = Overlay("tint").draw(frame, mask)
    assert np.array_equal(tinted.picture.planes[0], frame.picture.planes[0])
    outlined = Overlay("outline").draw(frame, mask)
    changed = outlined.picture.planes[0] != frame.picture.planes[0]
    assert changed.any() and not (changed & ~luma_mask(mask)).any()


def test_a_frame_without_a_mask_goes_on_as_the_same_object() -> None:
    frame = random_frame(LAYOUTS["yuv420p"], 5)
    nothing = find_mask(
        Prediction(0, frame.picture.whole, frame.picture.whole, np.zeros((8, 8), np.float32), 0, 0),
        0.5,
    )
    assert Overlay().draw(frame, nothing) is frame


def test_the_source_frame_is_never_written_to() -> None:
    frame, mask = random_frame(LAYOUTS["nv12"], 6), some_mask(7)
    before = [plane.copy() for plane in frame.picture.planes]
    Overlay().draw(frame, mask)
    assert all(np.array_equal(a, b) for a, b in zip(before, frame.picture.planes, strict=True))


def test_the_drawn_frame_keeps_its_time_and_colour() -> None:
    frame, mask = random_frame(LAYOUTS["yuv422p10le"], 8), some_mask(9)
    shown = Overlay().draw(frame, mask)
    assert (shown.index, shown.pts, shown.time_base) == (0, 7, Fraction(1, 25))
    assert shown.picture.colour == frame.picture.colour
    assert shown.picture.layout == frame.picture.layout
    assert shown.decoded is not None and shown.decoded.pts == 7


@pytest.mark.parametrize("matrix", Matrix)
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("name", ["yuv444p", "yuv444p10le"])
def test_the_mark_has_its_colour_under_every_matrix_and_range(
    matrix: Matrix, full_range: bool, name: str
) -> None:
    layout, colour = LAYOUTS[name], Colour(matrix, full_range)
    planes = tuple(np.full((2, 2), value, layout.dtype) for value in mark_in(layout, colour))
    rgb = rgb_of(Picture(planes, layout, colour))
    # Samples are whole numbers: a level of luma or chroma is up to two levels of RGB.
    assert np.abs(rgb[0, 0].astype(int) - MARK_RGB).max() <= 2
