"""Members' maps on one grid: what each covers, and how they become one."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from nets.errors import CheckpointError
from nets.fusion import LEARNED, Shares, to_grid
from nets.fusion_file import FusionHeader, load_fusion, read_fusion_header, save_fusion
from nets.grid import Fusion, Grid

WHOLE = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
VIEW = torch.tensor([[0.25, 0.5, 0.5, 0.25]])  # left, top, width, height


def ramp(height: int, width: int) -> torch.Tensor:
    """(1, height, width): the place across plus twice the place down, at samples' middles."""
    rows = (torch.arange(height) + 0.5) / height
    columns = (torch.arange(width) + 0.5) / width
    return (columns[None, :] + 2 * rows[:, None])[None]


def test_a_map_on_the_grid_stays_as_it_is() -> None:
    polyp = torch.rand(1, 16, 24, generator=torch.Generator().manual_seed(0))
    assert to_grid(polyp, "view", Grid(16, 24, "view"), VIEW) is polyp


@pytest.mark.parametrize("extent", ["view", "frame"])
def test_a_map_of_the_grids_extent_is_resized_bilinearly(extent: str) -> None:
    polyp = torch.rand(1, 16, 24, generator=torch.Generator().manual_seed(0))
    there = to_grid(polyp, extent, Grid(32, 32, extent), VIEW)
    expected = functional.interpolate(polyp[None], (32, 32), mode="bilinear", align_corners=False)
    assert torch.equal(there, expected[0])


def test_a_frames_map_is_cut_to_the_view() -> None:
    there = to_grid(ramp(64, 64), "frame", Grid(16, 16, "view"), VIEW)
    inside = ramp(16, 16)[0]
    columns = VIEW[0, 0] + VIEW[0, 2] * (torch.arange(16) + 0.5) / 16
    rows = VIEW[0, 1] + VIEW[0, 3] * (torch.arange(16) + 0.5) / 16
    expected = columns[None, :] + 2 * rows[:, None]
    assert there.shape == (1, *inside.shape)
    torch.testing.assert_close(there[0], expected, rtol=0, atol=1e-5)


def test_a_views_map_is_zero_outside_the_view_on_a_grid_of_the_frame() -> None:
    there = to_grid(torch.ones(1, 32, 32), "view", Grid(64, 64, "frame"), VIEW)[0]
    inside = torch.zeros(64, 64)
    inside[32:48, 16:48] = 1
    assert torch.equal(there > 0.5, inside > 0.5)
    edge = functional.max_pool2d(inside[None], 3, 1, 1)[0]
    assert there[edge == 0].abs().max() == 0


def test_there_and_back_is_the_same_map() -> None:
    polyp = ramp(32, 32)
    frame = to_grid(polyp, "view", Grid(128, 128, "frame"), VIEW)
    back = to_grid(frame, "frame", Grid(32, 32, "view"), VIEW)
    inner = (slice(None), slice(2, -2), slice(2, -2))  # zeros from outside blend into the rim
    torch.testing.assert_close(back[inner], polyp[inner], rtol=0, atol=1e-3)


def test_every_picture_of_a_batch_has_its_own_view() -> None:
    views = torch.cat([VIEW, WHOLE])
    both = to_grid(ramp(64, 64).repeat(2, 1, 1), "frame", Grid(16, 16, "view"), views)
    for index in range(2):
        alone = to_grid(ramp(64, 64), "frame", Grid(16, 16, "view"), views[index : index + 1])
        torch.testing.assert_close(both[index], alone[0])


def test_shares_add_up_to_one() -> None:
    assert Fusion().shares(4) == (0.25,) * 4
    assert Fusion("weighted", (1.0, 3.0)).shares(2) == (0.25, 0.75)


@pytest.mark.parametrize(
    ("fusion", "said"),
    [
        (Fusion(), None),
        (Fusion("weighted", (1.0, 0.0)), None),
        (Fusion("mean", (1.0, 1.0)), "no weights"),
        (Fusion("weighted", (1.0,)), "1 weights for 2 members"),
        (Fusion("weighted", (1.0, -1.0)), "negative"),
        (Fusion("weighted", (0.0, 0.0)), "all be zero"),
        (Fusion("stacked", file=Path("f")), None),
        (Fusion("cnn"), "needs its file"),
        (Fusion("mean", file=Path("f")), "takes no file"),
        (Fusion("cnn", (1.0, 1.0), Path("f")), "no weights"),
    ],
)
def test_a_fusion_that_does_not_go_with_the_members_says_why(fusion, said) -> None:
    problem = fusion.problem(2)
    assert problem is None if said is None else said in problem


@pytest.mark.parametrize("kind", LEARNED)
def test_a_fusion_that_has_learned_nothing_cuts_where_the_mean_does(kind: str) -> None:
    maps = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    fused, mean = LEARNED[kind](3)(maps), Shares((1 / 3,) * 3)(maps)
    assert fused.shape == mean.shape == (2, 16, 16)
    assert torch.equal(fused > 0.5, mean > 0.5)


@pytest.mark.parametrize("kind", LEARNED)
def test_a_learned_fusion_is_read_as_it_was_written(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(2)
    made, path = LEARNED[kind](3), tmp_path / "f.safetensors"
    header = FusionHeader(kind, ("a", "b", "c"), {"samples": 7})
    save_fusion(path, made, header)
    assert read_fusion_header(path) == header
    maps = torch.rand(1, 3, 8, 8)
    assert torch.equal(load_fusion(Fusion(kind, file=path), 3)(maps), made(maps))
    with pytest.raises(CheckpointError, match="of 2 members: fit it anew"):
        load_fusion(Fusion(kind, file=path), 2)


def test_what_is_no_learned_fusion_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "f.safetensors"
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        read_fusion_header(path)
    path.write_bytes(b"\x80\x04pickled")
    with pytest.raises(CheckpointError, match="pickle"):
        read_fusion_header(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="no learned fusion"):
        read_fusion_header(path)
    told = {"format_version": 9, "fusion": {"kind": "cnn", "members": []}, "fitted_on": {}}
    save_file({"x": torch.zeros(1)}, path, {"divergentnets": json.dumps(told)})
    with pytest.raises(CheckpointError, match="newer"):
        read_fusion_header(path)
