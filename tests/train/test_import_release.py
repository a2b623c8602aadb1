"""`import-release` as a person meets it: a bundle, or one line and nothing left behind."""

import lzma
import os
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from nets.bundle import read_bundle
from nets.checkpoint import load_checkpoint
from nets.engine.eager import EagerEngine
from nets.picture import Rect
from nets.preprocessing import Prepared
from nets.release import AUTHORS_CONTRACT
from train.cli import run

KEPT = Path(__file__).parents[1] / "nets" / "release"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two of the authors' kind of file, both of one name as theirs are."""
    paths = []
    for name in ("fpn", "deeplabv3plus"):
        path = tmp_path_factory.mktemp(name) / "best_checkpoint.pth"
        path.write_bytes(lzma.decompress((KEPT / f"{name}.xz").read_bytes()))
        paths.append(str(path))
    return paths


def test_releases_become_an_ordinary_bundle_that_answers_as_their_mean(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["import-release", *files, "-o", str(tmp_path / "b")]) == 0
    assert "mean of 2 on 256x256 of the frame, polyp above 0.5" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    bundle = read_bundle(tmp_path / "b")
    assert [member.name for member in bundle.members] == ["fpn", "deeplabv3plus"]
    assert bundle.contracts == (AUTHORS_CONTRACT,)
    rgb = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
    rgb = cv2.resize(rgb, (256, 256), interpolation=cv2.INTER_CUBIC)
    whole = Rect(0, 0, 256, 256)
    with EagerEngine(bundle) as engine:
        fused = engine.predict([Prepared((rgb,), whole, whole)])[0]
        members = engine.predict_members([Prepared((rgb,), whole, whole)])[0]
    np.testing.assert_allclose(fused, members.mean(0), atol=1e-6)
    assert np.ptp(fused) > 0.1


def test_a_bundle_that_is_there_is_kept_until_it_may_be_replaced(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "b"
    assert run(["import-release", f"one={files[0]}", "-o", str(folder)]) == 0
    (folder / "README.md").write_text("mine")
    assert run(["import-release", files[1], "-o", str(folder)]) == 1
    assert "give -y to replace it" in capsys.readouterr().err
    assert [member.name for member in read_bundle(folder).members] == ["one"]
    assert run(["import-release", files[1], "-o", str(folder), "-y"]) == 0
    (member,) = read_bundle(folder).members
    assert load_checkpoint(member.path)[1].trained_on["imported_from"] == "best_checkpoint.pth"
    assert (folder / "README.md").read_text() == "mine"


def test_what_is_refused_is_one_line_and_leaves_nothing_behind(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'harm'}",)

    hostile = tmp_path / "hostile.pth"
    hostile.write_bytes(pickle.dumps(Harm(), protocol=2))
    for arguments, said in (
        ([files[0], str(hostile)], "posix.system"),
        ([files[0], files[0]], "two members are called fpn: give NAME=PATH"),
        ([f"a/b={files[0]}"], "No such file"),
        ([f"a b={files[0]}"], "cannot be a member's name"),
        ([], "no files"),
    ):
        assert run(["import-release", *arguments, "-o", str(tmp_path / "b")]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line
        assert [path.name for path in tmp_path.iterdir()] == ["hostile.pth"]
