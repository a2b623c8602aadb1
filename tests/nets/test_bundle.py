"""An ensemble on disk."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from nets.bundle import read_bundle, read_weights, set_fusion, shipped, write_bundle
from nets.errors import BundleError, CheckpointError, DivergentError
from nets.fusion import LEARNED
from nets.fusion_file import FusionHeader, save_fusion
from nets.grid import Fusion, Grid
from nets.preprocessing import Preprocessing


def described(folder: Path, **changes: object) -> Path:
    path = folder / "bundle.yaml"
    values = yaml.safe_load(path.read_text())
    values.pop("sha256", None)
    path.write_text(yaml.safe_dump(values | changes))
    return folder


@pytest.fixture
def bundle(member: Path, tmp_path: Path) -> Path:
    write_bundle(tmp_path / "b", {"one": member, "two": member})
    return tmp_path / "b"


def test_a_bundle_is_read_as_it_was_written(bundle: Path) -> None:
    read = read_bundle(bundle)
    assert [m.name for m in read.members] == ["one", "two"]
    assert (read.grid, read.threshold) == (Grid(64, 64, "view"), 0.5)
    assert read.certainty == 0.0
    assert len(read.contracts) == 1
    assert read_weights([bundle]).fingerprint() == read.fingerprint()


def test_a_bundle_that_ships_is_named_by_its_name_unless_another_lies_there(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    compact = read_weights([Path("compact")])
    assert compact.fingerprint() == read_bundle(shipped()).fingerprint()
    bundle.rename("compact")
    assert read_weights([Path("compact")]).fingerprint() != compact.fingerprint()
    with pytest.raises(DivergentError, match="elsewhere/compact"):
        read_weights([Path("elsewhere/compact")])


def test_maps_meet_on_the_finest_grid_of_the_first_members_kind(
    make_member: Callable[..., Path], tmp_path: Path
) -> None:
    contracts = {
        "coarse": Preprocessing(height=64, width=64),
        "fine": Preprocessing(height=96, width=128),
        "frame": Preprocessing(height=160, width=160, extent="frame"),
    }
    made = {
        name: make_member(tmp_path / f"{name}.safetensors", contract, 1)
        for name, contract in contracts.items()
    }
    assert write_bundle(tmp_path / "b", made).grid == Grid(96, 128, "view")
    assert read_weights(list(made.values())).grid == Grid(96, 128, "view")
    given = write_bundle(tmp_path / "b", made, grid=Grid(32, 32, "frame"))
    assert given.grid == Grid(32, 32, "frame")


def test_how_sure_a_region_has_to_be_is_kept(bundle: Path, member: Path) -> None:
    write_bundle(bundle, {"one": member}, threshold=0.4, certainty=0.9)
    read = read_bundle(bundle)
    assert (read.threshold, read.certainty) == (0.4, 0.9)
    with pytest.raises(BundleError, match="certainty"):
        read_bundle(described(bundle, certainty=1.5))


def test_another_fusion_is_another_fingerprint(bundle: Path, member: Path) -> None:
    before = read_bundle(bundle).fingerprint()
    write_bundle(bundle, {"one": member, "two": member}, fusion=Fusion("weighted", (1.0, 3.0)))
    assert read_bundle(bundle).fingerprint() != before


@pytest.fixture
def learned(tmp_path: Path) -> Path:
    """A fusion of two members' maps."""
    torch.manual_seed(3)
    path = tmp_path / "learned.safetensors"
    save_fusion(path, LEARNED["cnn"](2), FusionHeader("cnn", ("one", "two")))
    return path


def test_a_learned_fusion_lies_in_the_bundle_and_decides_its_answer(
    bundle: Path, member: Path, learned: Path
) -> None:
    before = read_bundle(bundle).fingerprint()
    changed = set_fusion(bundle, Fusion("cnn", file=learned))
    learned.unlink()
    assert changed.fusion == read_bundle(bundle).fusion
    assert changed.fusion.file == bundle / "fusion.safetensors"
    after = changed.fingerprint()
    assert after != before
    moved = bundle.with_name("moved")
    bundle.rename(moved)
    assert read_bundle(moved).fingerprint() == after
    assert set_fusion(moved, Fusion()).fingerprint() == before
    assert not (moved / "fusion.safetensors").exists()


def test_a_bundle_made_with_a_learned_fusion_holds_it(
    bundle: Path, member: Path, learned: Path
) -> None:
    fusion = Fusion("cnn", file=learned)
    made = write_bundle(bundle, {"one": member, "two": member}, fusion=fusion)
    assert made.fusion.file is not None
    assert made.fusion.file.read_bytes() == learned.read_bytes()


def test_a_fusion_of_other_members_is_refused(bundle: Path, member: Path, learned: Path) -> None:
    fusion = Fusion("cnn", file=learned)
    with pytest.raises(BundleError, match="was fitted to one, two, in this order, and not to two"):
        write_bundle(bundle, {"two": member, "one": member}, fusion=fusion)
    with pytest.raises(BundleError, match="holds cnn, not stacked"):
        set_fusion(bundle, Fusion("stacked", file=learned))
    with pytest.raises(BundleError, match="cannot be a member's name"):
        write_bundle(bundle, {"fusion": member})
    set_fusion(bundle, fusion)
    described(bundle, fusion={"kind": "cnn", "file": "../learned.safetensors"})
    with pytest.raises(BundleError, match=r"fusion\.file: leads outside"):
        read_bundle(bundle)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format_version": 9}, "newer"),
        ({"treshold": 0.4}, "treshold"),
        ({"threshold": 1.5}, "threshold"),
        ({"members": {}}, "members"),
        ({"members": {"one": "../../etc/passwd"}}, "outside"),
        ({"fusion": {"kind": "weighted", "weights": [1.0]}}, "1 weights for 2 members"),
    ],
)
def test_a_wrong_description_is_one_line(
    bundle: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(BundleError, match=said) as caught:
        read_bundle(described(bundle, **changes))
    assert "\n" not in str(caught.value)


def test_a_missing_member_is_named(bundle: Path) -> None:
    (bundle / "two.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"two\.safetensors"):
        read_bundle(bundle)


def test_members_with_other_classes_cannot_be_averaged(
    member: Path, make_member: Callable[..., Path], tmp_path: Path
) -> None:
    other = make_member(
        tmp_path / "three.safetensors", Preprocessing(height=64, width=64), 2, classes=3
    )
    with pytest.raises(BundleError, match="averaged"):
        write_bundle(tmp_path / "b", {"one": member, "other": other})


def test_a_folder_without_a_description_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle here"):
        read_weights([tmp_path])


def test_a_description_that_was_changed_is_refused_until_someone_vouches_for_it(
    bundle: Path,
) -> None:
    path = bundle / "bundle.yaml"
    text = path.read_text()
    path.write_text(text.replace("threshold: 0.5", "threshold: 0.7"))
    with pytest.raises(BundleError, match="take the line sha256 out") as caught:
        read_bundle(bundle)
    assert "\n" not in str(caught.value)
    vouched = [line for line in path.read_text().splitlines() if not line.startswith("sha256")]
    path.write_text("\n".join(vouched))
    assert read_bundle(bundle).threshold == 0.7


def test_a_description_may_be_laid_out_anew(bundle: Path) -> None:
    path = bundle / "bundle.yaml"
    values = yaml.safe_load(path.read_text())
    path.write_text("# ours\n" + yaml.safe_dump(values, default_flow_style=True, sort_keys=True))
    assert read_bundle(bundle).threshold == 0.5


def test_a_card_that_is_no_text_is_read_as_far_as_it_is(bundle: Path) -> None:
    (bundle / "README.md").write_bytes("# Café".encode("latin-1"))
    assert read_bundle(bundle).card.startswith("# Caf")
