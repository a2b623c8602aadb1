"""An int8 model in a bundle: made of real frames, tied to its weights, close to its model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from nets.architectures import build
from nets.bundle import read_bundle, write_bundle
from nets.checkpoint import Header, save_checkpoint
from nets.engine import open_engine
from nets.engine.openvino_runtime import openvino
from nets.errors import BundleError, EngineError
from nets.spec import MemberSpec
from train.cli import run
from train.evaluate import load_prepared
from train.manifest import Sample, write_manifest
from train.quantise import choose_frames

FRAMES = 6


def checkpoint(path: Path, spec: MemberSpec, seed: int) -> Path:
    """A member with random weights, its norms settled as training would."""
    torch.manual_seed(seed)
    module = build(spec)
    with torch.no_grad():
        module.train()(torch.randn(4, 3, 64, 64))
    save_checkpoint(path, module.eval(), Header(spec))
    return path


@pytest.fixture(scope="module")
def quantised(
    ellipses: list[Sample],
    tiny_member: Callable[..., MemberSpec],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """A bundle with an int8 model, made by the command."""
    folder = tmp_path_factory.mktemp("quantised")
    member = checkpoint(folder / "fpn.safetensors", tiny_member("fpn"), 1)
    write_bundle(folder / "plain", {"fpn": member})
    (folder / "plain" / "README.md").write_text("its card")
    write_manifest(folder / "m.csv", ellipses)
    words = ["quantise", "--weights", folder / "plain", "--manifest", folder / "m.csv"]
    words += ["-o", folder / "int8", "--frames", FRAMES]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIVERGENT_CACHE", str(folder / "cache"))
        assert run([str(word) for word in words]) == 0
        yield folder / "int8"


def test_the_bundle_says_what_its_int8_model_was_made_of(quantised: Path) -> None:
    bundle = read_bundle(quantised)
    assert bundle.card == "its card"
    assert bundle.quantised is not None
    assert bundle.quantised.model.is_file()
    assert bundle.quantised.weights == bundle.fingerprint()
    assert bundle.quantised.calibration["frames"] == FRAMES
    assert bundle.quantised.calibration["split"] == "train"


def test_int8_answers_nearly_as_f32_does(quantised: Path, ellipses: list[Sample]) -> None:
    said: list[str] = []
    with (
        open_engine([str(quantised)], device="cpu", precision="f32") as exact,
        open_engine([str(quantised)], device="cpu", precision="int8", notify=said.append) as rough,
    ):
        assert rough.arithmetic == "int8"
        pictures = [load_prepared(sample, exact)[2] for sample in ellipses[-4:]]
        difference = np.abs(rough.predict(pictures) - exact.predict(pictures))
    assert 0 < difference.mean() < 0.05  # random weights: trained ones differ by a tenth of it
    assert said == []


def test_resizing_stays_exact_in_an_int8_model(quantised: Path) -> None:
    bundle = read_bundle(quantised)
    assert bundle.quantised is not None
    ops = openvino.Core().read_model(bundle.quantised.model).get_ops()
    assert any(op.get_type_name() == "FakeQuantize" for op in ops)
    products = [op for op in ops if op.get_type_name() == "MatMul"]
    givers = [
        it.get_source_output().get_node().get_type_name() for op in products for it in op.inputs()
    ]
    assert len(products) == 2  # the scores' rows and columns
    assert "FakeQuantize" not in givers


def test_an_int8_model_beside_other_weights_is_refused(
    quantised: Path, tiny_member: Callable[..., MemberSpec], tmp_path: Path
) -> None:
    described = yaml.safe_load((quantised / "bundle.yaml").read_text())
    other = tmp_path / "other"
    write_bundle(other, {"fpn": checkpoint(tmp_path / "fpn.safetensors", tiny_member("fpn"), 2)})
    (other / "int8.xml").write_bytes((quantised / "int8.xml").read_bytes())
    (other / "bundle.yaml").write_text(yaml.safe_dump(described))
    with pytest.raises(EngineError, match="made of other weights"):
        open_engine([str(other)], device="cpu", precision="int8")
    del described["sha256"]
    described["quantised"]["model"] = "../int8.xml"
    (other / "bundle.yaml").write_text(yaml.safe_dump(described))
    with pytest.raises(BundleError, match="leads outside"):
        read_bundle(other)


def test_making_a_bundle_anew_leaves_no_int8_of_the_old_weights(
    quantised: Path, tiny_member: Callable[..., MemberSpec], tmp_path: Path
) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    for file in quantised.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    member = checkpoint(tmp_path / "fpn.safetensors", tiny_member("fpn"), 3)
    assert write_bundle(folder, {"fpn": member}).quantised is None
    assert {file.name for file in folder.iterdir()} == {
        "README.md",
        "bundle.yaml",
        "fpn.safetensors",
    }


def test_frames_are_drawn_once_each_and_by_the_seed(ellipses: list[Sample]) -> None:
    drawn = choose_frames(ellipses, 10, seed=1)
    assert len({sample.image for sample in drawn}) == 10
    assert drawn == choose_frames(ellipses, 10, seed=1) != choose_frames(ellipses, 10, seed=2)
    assert choose_frames(ellipses, 1000, seed=1) == ellipses
