"""An ensemble with its preparation inside answers as the engine with its own outside."""

import cv2
import numpy as np
import pytest
import torch

from nets.architectures import build
from nets.bundle import Bundle, bundle_of
from nets.checkpoint import Header, save_checkpoint
from nets.engine.eager import EagerEngine
from nets.picture import Rect
from nets.portable.axis import Span, interpolation
from nets.portable.graph import PortableEnsemble, prepared
from nets.preprocessing import Prepared, Preprocessing, prepare_rgb

FRAMES = {
    (720, 1280): Rect(200, 10, 900, 700),
    (480, 560): Rect(0, 0, 560, 480),
    (288, 384): Rect(3, 5, 357, 281),
    (300, 300): Rect(10, 20, 40, 250),  # across it grows, down it shrinks
    (120, 160): Rect(30, 20, 100, 90),
}


def frame_of(size: tuple[int, int]) -> np.ndarray:
    noise = np.random.default_rng(size[1]).integers(0, 256, (*size, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


@pytest.mark.parametrize("size", FRAMES)
@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize(
    ("resize", "differ"),
    [
        ("nearest", 0.0),
        ("area", 1e-3),  # ties are rounded after sums in another order
        ("bilinear", 0.15),  # OpenCV's shares have 11 bits
    ],
)
def test_inputs_are_the_references_within_a_level(resize, differ, order, size) -> None:
    contract = Preprocessing(height=192, width=160, resize=resize, order=order)
    frame, view = frame_of(size), FRAMES[size]
    rows, columns = view.slices()
    expected = prepare_rgb(np.ascontiguousarray(frame[rows, columns]), contract)
    levels = torch.from_numpy(frame)[None].permute(0, 3, 1, 2).float()
    place = torch.tensor([list(view)])
    down = Span.within(place[:, 1], place[:, 3], size[0])
    across = Span.within(place[:, 0], place[:, 2], size[1])
    made = prepared(levels, down, across, contract)[0].numpy()
    difference = np.abs(made.astype(int) - expected)
    assert difference.max() <= 1
    if view.width >= 160 and view.height >= 192:
        assert (difference > 0).mean() <= differ


def test_a_map_comes_back_to_the_frame_as_opencv_enlarges_it() -> None:
    grid = np.random.default_rng(1).random((24, 32), np.float32)
    span = Span(torch.tensor([[10]]), torch.tensor([[300]]))
    whole = Span(torch.tensor([[0]]), torch.tensor([[200]]))
    rows, columns = interpolation(whole, 24, 200)[0], interpolation(span, 32, 330)[0]
    made = (rows @ torch.from_numpy(grid) @ columns.T).numpy()
    expected = cv2.resize(grid, (300, 200), interpolation=cv2.INTER_LINEAR)
    assert np.abs(made[:, 10:310] - expected).max() < 1e-5


@pytest.fixture(scope="module")
def bundle(mixed_members) -> Bundle:
    return bundle_of(mixed_members)


def test_every_member_sees_and_answers_as_in_the_engine(bundle: Bundle) -> None:
    """Three contracts: sizes, filters, extents, values and orders differ."""
    frames = [frame_of((288, 384)), frame_of((288, 384))[::-1].copy()]
    views = [FRAMES[288, 384], Rect(40, 60, 200, 180)]
    with EagerEngine(bundle) as engine:
        asked = []
        for frame, view in zip(frames, views, strict=True):
            rows, columns = view.slices()
            seen = np.ascontiguousarray(frame[rows, columns])
            inputs = tuple(
                prepare_rgb(seen if contract.extent == "view" else frame, contract)
                for contract in engine.contracts
            )
            asked.append(Prepared(inputs, view, Rect(0, 0, 384, 288)))
        expected = engine.predict(asked), engine.predict_members(asked)
    with torch.inference_mode():
        _, fused, members = PortableEnsemble(bundle).eval()(
            torch.from_numpy(np.stack(frames)), torch.tensor([list(view) for view in views])
        )
    assert np.abs(fused.numpy() - expected[0]).mean() < 1e-3
    assert np.abs(members.numpy() - expected[1]).mean() < 1e-3


def certain(path, contract: Preprocessing, tiny_member) -> Bundle:
    """One member with random weights that hesitates nowhere."""
    torch.manual_seed(5)
    spec = tiny_member("fpn", contract.height, extent=contract.extent)
    module = build(spec)
    with torch.no_grad():
        module.train()(torch.randn(4, 3, 64, 64))
        module.get_submodule("segmentation_head")[0].weight.mul_(30)
    save_checkpoint(path, module.eval(), Header(spec))
    return bundle_of([path])


@pytest.mark.parametrize("extent", ["view", "frame"])
def test_nothing_outside_the_view_is_polyp(extent, tiny_member, tmp_path) -> None:
    bundle = certain(tmp_path / "m.safetensors", Preprocessing(64, 64, extent=extent), tiny_member)
    frame, view = frame_of((288, 384)), torch.tensor([[50, 40, 200, 180]])
    with torch.inference_mode():
        mask, *_ = PortableEnsemble(bundle).eval()(torch.from_numpy(frame)[None], view)
    assert set(np.unique(mask)) == {0, 255}
    outside = np.ones((288, 384), np.bool_)
    outside[40:220, 50:250] = False
    assert not mask[0].numpy()[outside].any()


@pytest.mark.parametrize(
    "view", [(-20, -20, 1000, 1000), (300, 200, 500, 500), (500, 900, 10, 10), (10, 10, 0, -5)]
)
def test_of_a_view_that_leaves_its_frame_only_the_rest_counts(view, tiny_member, tmp_path) -> None:
    bundle = certain(tmp_path / "m.safetensors", Preprocessing(64, 64), tiny_member)
    frame = torch.from_numpy(frame_of((288, 384)))[None]
    with torch.inference_mode():
        mask, probability, _ = PortableEnsemble(bundle).eval()(frame, torch.tensor([view]))
    assert torch.isfinite(probability).all()
    left, top = min(max(view[0], 0), 383), min(max(view[1], 0), 287)
    inside = np.zeros((288, 384), np.bool_)
    right, bottom = max(view[0] + view[2], left + 1), max(view[1] + view[3], top + 1)
    inside[top:bottom, left:right] = True
    assert not mask[0].numpy()[~inside].any()
