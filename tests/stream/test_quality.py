"""Which pictures are of no use."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from nets.picture import LAYOUTS, Colour, Matrix, Picture
from stream.quality import Fault, judge
from stream.source.synthetic import SyntheticScene


def textured(size: tuple[int, int] = (300, 400)) -> NDArray[np.float64]:
    """Luma from 0 to 1 with detail of every size."""
    rng = np.random.default_rng(2)
    luma = np.full(size, 0.5)
    for cells in (4, 16, 64):
        coarse = rng.uniform(-0.12, 0.12, (cells, cells))
        luma += cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(luma, 0, 1)


def grey(luma: NDArray[np.float64], layout: str = "gray", *, full_range: bool = True) -> Picture:
    chosen = LAYOUTS[layout]
    top = (1 << chosen.bits) - 1
    levels = luma * top if full_range else (16 + 219 * luma) * (1 << (chosen.bits - 8))
    plane = np.rint(levels).astype(chosen.dtype) << chosen.shift
    return Picture((plane,), chosen, Colour(Matrix.BT601, full_range))


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("layout", ["gray", "gray10le", "p010le"])
@pytest.mark.parametrize(
    ("fault", "make"),
    [
        (None, lambda luma: luma),
        (Fault.BLURRED, lambda luma: cv2.GaussianBlur(luma, (0, 0), 8)),
        (Fault.DARK, lambda luma: 0.08 * luma),
        (Fault.BLOWN_OUT, lambda luma: np.clip(2.2 * luma, 0, 1)),
    ],
)
def test_fault_is_named_whatever_the_depth_and_range(fault, make, layout, full_range) -> None:
    assert judge(grey(make(textured()), layout, full_range=full_range)) == fault


@pytest.mark.parametrize("size", [(96, 128), (270, 360), (1080, 1440)])
def test_verdict_on_blur_does_not_hang_on_the_size(size: tuple[int, int]) -> None:
    sharp = cv2.resize(textured((540, 720)), size[::-1], interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(textured((540, 720)), (0, 0), 20)
    assert judge(grey(np.clip(sharp, 0, 1))) is None
    blurred = cv2.resize(soft, size[::-1], interpolation=cv2.INTER_AREA)
    assert judge(grey(np.clip(blurred, 0, 1))) == Fault.BLURRED


def test_picture_of_a_few_samples_is_judged_too() -> None:
    assert judge(grey(np.zeros((2, 2)))) == Fault.DARK


@pytest.mark.parametrize("index", [20, 60, 120])
def test_synthetic_scene_is_usable(index: int) -> None:
    picture, _ = SyntheticScene(7, (640, 480), layout="octagon-right").picture(index)
    assert judge(grey(picture.mean(axis=2) / 255.0)) is None
