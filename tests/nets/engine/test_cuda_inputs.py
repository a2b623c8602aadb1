"""What the device makes of native planes is what the host makes of them, whatever their layout."""

from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
import torch

from nets.engine.cuda.accelerator import Plain
from nets.engine.cuda.intake import PlanesIntake, PreparedIntake, kind_of
from nets.picture import LAYOUTS, Colour, Layout, Matrix, Picture, Rect
from nets.preprocessing import Prepared as Frame
from nets.preprocessing import Preprocessing, Rgb, prepare, prepare_rgb, rgb_of

MEAN = {torch.float32: 0.3, torch.float16: 0.35}
"""Levels, from RGB that is converted and rounded first and resized then."""

FAST_PATH_MEAN = 2.5
"""Levels that a fast path may differ on average from the reference (DESIGN, preprocessing)."""

VIEW = Rect(14, 22, 180, 130)


def picture_of(layout: Layout, height: int, width: int, colour: Colour, seed: int = 0) -> Picture:
    """Soft patches with grain, in colours that stay inside the range of RGB."""
    dice = np.random.default_rng(seed)
    level = 1 << (layout.bits - 8 + layout.shift)
    planes = []
    for number, shape in enumerate(layout.plane_shapes(height, width)):
        low, high = (90, 170) if number == 0 else (118, 138)
        channels = shape[2:] or (1,)
        cells = dice.uniform(low, high, (5, 6, *channels)).astype(np.float32)
        patches = cv2.resize(cells, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        samples = patches.reshape(shape) + dice.normal(0, 2, shape)
        planes.append(np.rint(np.clip(samples, 60, 190)) * level)
    return Picture(tuple(plane.astype(layout.dtype) for plane in planes), layout, colour)


def made(
    frame: Picture,
    view: Rect,
    contracts: tuple[Preprocessing, ...],
    arithmetic: torch.dtype = torch.float32,
    times: int = 1,
) -> list[Rgb]:
    accelerator = Plain()
    with accelerator.at_work():
        intake = PlanesIntake(kind_of(frame), contracts, arithmetic, accelerator)
        for _ in range(times):
            intake.take(Frame((), view, frame.whole, frame))
        return [made.numpy().copy() for made in intake.inputs]


def reference(frame: Picture, view: Rect, contract: Preprocessing) -> Rgb:
    """By the host: RGB by the frame's own matrix, crop, OpenCV's resize."""
    seen = frame.crop(view) if contract.extent == "view" else frame
    if frame.layout.bits == 8:  # as finer samples, whose conversion OpenCV rounds only once
        planes = tuple(plane.astype(np.uint16) << 8 for plane in seen.planes)
        seen = Picture(planes, replace(frame.layout, shift=8), frame.colour)
    return prepare_rgb(rgb_of(seen), contract)


@pytest.mark.parametrize("resize", ["area", "bilinear", "nearest"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_inputs_are_those_of_rgb_that_is_cropped_and_resized(name: str, resize: str) -> None:
    frame = picture_of(LAYOUTS[name], 170, 230, Colour(Matrix.BT709))
    contracts = (
        Preprocessing(height=64, width=96, resize=resize),
        Preprocessing(height=96, width=64, resize=resize, extent="frame", order="bgr"),
        Preprocessing(height=160, width=200, resize=resize),  # larger than the view
    )
    for arithmetic, mean in MEAN.items():
        for contract, shown in zip(
            contracts, made(frame, VIEW, contracts, arithmetic), strict=True
        ):
            off = np.abs(shown.astype(int) - reference(frame, VIEW, contract))
            assert off.mean() <= (0.01 if resize == "nearest" else mean), contract
            assert off.max() <= (1 if resize == "nearest" else 4), contract


@pytest.mark.parametrize("name", ["yuv420p", "nv12", "yuv422p10le"])
@pytest.mark.parametrize("size", [(97, 131), (131, 97), (64, 301)], ids=str)
def test_odd_sizes_and_small_chroma_are_no_exception(name: str, size: tuple[int, int]) -> None:
    frame = picture_of(LAYOUTS[name], *size, Colour(Matrix.BT601))
    contracts = (Preprocessing(height=128, width=128, extent="frame"),)
    (shown,) = made(frame, frame.whole, contracts)
    off = np.abs(shown.astype(int) - reference(frame, frame.whole, contracts[0]))
    assert off.mean() <= MEAN[torch.float32]


@pytest.mark.parametrize("matrix", Matrix)
@pytest.mark.parametrize("full_range", [False, True])
def test_colour_is_by_the_frames_own_matrix_and_range(matrix: Matrix, full_range: bool) -> None:
    frame = picture_of(LAYOUTS["yuv420p"], 120, 160, Colour(matrix, full_range))
    contracts = (Preprocessing(height=64, width=64, extent="frame"),)
    (shown,) = made(frame, frame.whole, contracts)
    assert np.abs(shown - reference(frame, frame.whole, contracts[0]).astype(int)).mean() <= 0.3
    other = Picture(frame.planes, frame.layout, Colour(matrix, not full_range))
    assert np.abs(shown - made(other, frame.whole, contracts)[0].astype(int)).mean() > 1


def test_a_whole_1080p_frame_is_within_a_fast_paths_tolerance_of_the_host() -> None:
    frame = picture_of(LAYOUTS["yuv420p"], 1080, 1920, Colour(Matrix.BT709))
    contracts = (Preprocessing(),)
    view = Rect(420, 40, 1000, 1000)
    (shown,) = made(frame, view, contracts, torch.float32)
    (expected,) = prepare(frame, view, contracts).inputs
    assert np.abs(shown.astype(int) - expected).mean() <= FAST_PATH_MEAN / 5


def test_the_ring_of_pinned_blocks_hands_every_frame_on() -> None:
    layout, colour = LAYOUTS["yuv420p"], Colour(Matrix.BT709)
    contracts = (Preprocessing(height=64, width=64),)
    accelerator = Plain()
    with accelerator.at_work():
        first = picture_of(layout, 170, 230, colour)
        intake = PlanesIntake(kind_of(first), contracts, torch.float32, accelerator)
        for number in range(7):  # the view moves every other frame, the colour once
            view = VIEW if number % 4 < 2 else Rect(40, 10, 120, 120)
            frame = picture_of(
                layout, 170, 230, Colour(Matrix.BT601) if number > 4 else colour, number
            )
            intake.take(Frame((), view, frame.whole, frame))
            off = np.abs(
                intake.inputs[0].numpy() - reference(frame, view, contracts[0]).astype(int)
            )
            assert off.mean() <= MEAN[torch.float32], number
            assert intake.view.tolist() == pytest.approx(
                [view.x / 230, view.y / 170, view.width / 230, view.height / 170]
            )


@pytest.mark.parametrize("name", ["nv12", "p010le", "yuv420p"])
def test_planes_that_a_decoder_holds_are_taken_by_dlpack(name: str) -> None:
    frame = picture_of(LAYOUTS[name], 170, 230, Colour(Matrix.BT709))
    decoded = av.VideoFrame(230, 170, name)
    for plane, samples in zip(decoded.planes, frame.planes, strict=True):
        rows = np.frombuffer(plane, samples.dtype).reshape(samples.shape[0], -1)
        rows[:, : samples[0].size] = samples.reshape(samples.shape[0], -1)
    held = Picture(tuple(decoded.planes), frame.layout, frame.colour)  # type: ignore[arg-type]
    contracts = (Preprocessing(height=64, width=64),)
    accelerator = Plain()
    with accelerator.at_work():
        intake = PlanesIntake(kind_of(frame), contracts, torch.float32, accelerator)
        intake.take(Frame((), VIEW, frame.whole, held))
    assert np.array_equal(intake.inputs[0].numpy(), made(frame, VIEW, contracts)[0])


def test_inputs_that_the_host_made_arrive_as_they_are() -> None:
    frame = picture_of(LAYOUTS["yuv420p"], 170, 230, Colour(Matrix.BT709))
    contracts = (Preprocessing(height=64, width=64), Preprocessing(96, 64, extent="frame"))
    expected = prepare(frame, VIEW, contracts)
    accelerator = Plain()
    with accelerator.at_work():
        intake = PreparedIntake(contracts, accelerator)
        for given in (expected, Frame((), VIEW, frame.whole, frame)):
            intake.take(given)
            for shown, wanted in zip(intake.inputs, expected.inputs, strict=True):
                assert np.array_equal(shown.numpy(), wanted)
