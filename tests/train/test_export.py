"""Ensembles and members in other programs' hands: ONNX Runtime, OpenVINO, smp."""

import json
import re
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import segmentation_models_pytorch as smp
import torch

from nets.architectures import build
from nets.bundle import bundle_of, read_bundle, shipped, write_bundle
from nets.checkpoint import Header, load_checkpoint, save_checkpoint
from nets.engine.eager import EagerEngine
from nets.engine.openvino_runtime import openvino
from nets.grid import Fusion
from nets.picture import Rect
from nets.preprocessing import Prepared, prepare_rgb, rgb_of
from nets.spec import MemberSpec
from stream.prediction import Prediction, find_mask
from stream.source.synthetic import open_synthetic
from train.cli import run
from train.export import KEY

MEMBER = shipped() / "fpn.safetensors"
"""A trained network, so that a mask is one."""

OTHERS = {
    "wide": ("unetplusplus", {"extent": "frame", "resize": "bilinear", "order": "bgr"}),
    "triangle": ("triunet", {"resize": "nearest", "unit_range": False}),
}
"""Members with other contracts and random weights, which have little to say in the fusion."""

FRAMES = "synthetic:?seed=2&seconds=1&fps=4&size=640x512"
VIEW = Rect(96, 40, 440, 430)

BORDERLINE = 1e-3
"""A sample so near the threshold may fall on either side: runtimes sum in another order."""


def member(path: Path, spec: MemberSpec) -> Path:
    """A checkpoint with random weights, its norms settled as training would."""
    torch.manual_seed(2)
    module = build(spec)
    with torch.no_grad():
        module.train()(torch.randn(4, 3, 64, 64))
    save_checkpoint(path, module.eval(), Header(spec, {"validation_iou": 0.5}, {"seed": 2}))
    return path


Run = Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]


def by_onnx_runtime(path: Path) -> Run:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda frame, view: dict(
        zip(names, session.run(None, {"frame": frame, "view": view}), strict=True)
    )


def by_openvino(path: Path) -> Run:
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    names = ("mask", "probability", "members")

    def answer(frame: np.ndarray, view: np.ndarray) -> dict[str, np.ndarray]:
        answers = compiled({"frame": frame, "view": view})
        return {name: answers[name] for name in names}

    return answer


RUNTIMES = {"onnx": by_onnx_runtime, "xml": by_openvino}


@pytest.fixture(scope="module")
def bundle(tiny_member, tmp_path_factory) -> Path:
    """Three members, three contracts, a weighted fusion."""
    folder = tmp_path_factory.mktemp("members")
    members = {"fpn": MEMBER} | {
        name: member(folder / f"{name}.safetensors", tiny_member(kind, **contract))
        for name, (kind, contract) in OTHERS.items()
    }
    write_bundle(folder / "three", members, fusion=Fusion("weighted", (8, 1, 1)))
    return folder / "three"


@pytest.fixture(scope="module", params=list(RUNTIMES))
def exported(request, bundle: Path, tmp_path_factory) -> Path:
    """The bundle as the command writes it."""
    path = tmp_path_factory.mktemp("exported") / f"ensemble.{request.param}"
    assert run(["export", "--weights", str(bundle), "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def answer(exported: Path) -> Run:
    return RUNTIMES[exported.suffix[1:]](exported)


def expected(frames: np.ndarray, bundle: Path) -> tuple[np.ndarray, np.ndarray]:
    """Masks and probabilities by the reference engine."""
    masks, maps = np.zeros(frames.shape[:3], np.uint8), []
    with EagerEngine(read_bundle(bundle)) as engine:
        rows, columns = VIEW.slices()
        for frame, mask in zip(frames, masks, strict=True):
            seen = np.ascontiguousarray(frame[rows, columns])
            inputs = tuple(
                prepare_rgb(seen if contract.extent == "view" else frame, contract)
                for contract in engine.contracts
            )
            whole = Rect(0, 0, frame.shape[1], frame.shape[0])
            maps.append(engine.predict([Prepared(inputs, VIEW, whole)])[0])
            found = find_mask(Prediction(0, VIEW, VIEW, maps[-1], 0.0, 0.0), engine.threshold)
            mask[found.box.slices()] = found.inside
    return masks, np.stack(maps)


def test_masks_are_those_of_the_engine(answer: Run, bundle: Path) -> None:
    frames = np.stack([rgb_of(frame.picture) for frame in open_synthetic(FRAMES)])
    masks, probability = expected(frames, bundle)
    assert (masks > 0).any()
    got = answer(frames, np.array([list(VIEW)] * len(frames)))
    assert np.abs(got["probability"] - probability).max() < BORDERLINE
    assert set(np.unique(got["mask"])) == {0, 255}
    rows, columns = VIEW.slices()
    for ours, theirs, map_here in zip(got["mask"], masks, probability, strict=True):
        large = cv2.resize(map_here, (VIEW.width, VIEW.height), interpolation=cv2.INTER_LINEAR)
        doubtful = np.zeros(ours.shape, np.bool_)
        doubtful[rows, columns] = np.abs(large - 0.5) < BORDERLINE
        np.testing.assert_array_equal(ours[~doubtful], theirs[~doubtful])
        assert doubtful.mean() < 1e-3


@pytest.mark.parametrize(("count", "size"), [(1, (96, 128)), (3, (250, 333))])
def test_any_number_of_frames_of_any_size_is_taken(answer: Run, count, size) -> None:
    frames = np.random.default_rng(3).integers(0, 256, (count, *size, 3), np.uint8)
    got = answer(frames, np.array([[0, 0, size[1], size[0]]] * count))
    assert got["mask"].shape == (count, *size)
    assert got["probability"].shape == (count, *got["members"].shape[2:])
    assert got["members"].shape == (count, 3, 320, 320)


def test_the_file_says_what_is_in_it(exported: Path) -> None:
    if exported.suffix == ".onnx":
        model = onnx.load(exported)
        onnx.checker.check_model(model, full_check=True)
        told = {entry.key: entry.value for entry in model.metadata_props}[KEY]
        inputs = {
            each.name: [dim.dim_param or dim.dim_value for dim in each.type.tensor_type.shape.dim]
            for each in model.graph.input
        }
        assert inputs == {"frame": ["batch", "height", "width", 3], "view": ["batch", 4]}
        assert [each.name for each in model.graph.output] == ["mask", "probability", "members"]
    else:
        model = openvino.Core().read_model(exported)
        told = model.get_rt_info([KEY]).astype(str)
        assert [port.get_any_name() for port in model.inputs] == ["frame", "view"]
    facts = json.loads(told)
    assert facts["name"] == "three"
    assert list(facts["members"]) == ["fpn", *OTHERS]
    assert facts["threshold"] == 0.5
    assert facts["members"]["fpn"]["resize"] == "area"
    assert "not a medical device" in facts["use"]
    assert sorted(file.suffix for file in exported.parent.iterdir()) in (
        [".onnx"],
        [".bin", ".xml"],
    )


# Members for smp.


@pytest.fixture
def no_network(monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "architecture", ["unet", "unetplusplus", "fpn", "deeplabv3", "deeplabv3plus"]
)
def test_smp_opens_a_members_folder_and_answers_the_same(
    architecture, tiny_member, tmp_path
) -> None:
    path = member(tmp_path / "m.safetensors", tiny_member(architecture))
    folder = tmp_path / "for smp"
    assert run(["export", "--weights", str(path), "--member", "m", "-o", str(folder)]) == 0
    theirs, ours = smp.from_pretrained(str(folder)).eval(), load_checkpoint(path)[0]
    image = torch.randn(2, 3, 96, 64)
    with torch.inference_mode():
        assert torch.equal(theirs(image), ours(image))
    modes = {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert len(modes) == 1


def test_the_folders_card_feeds_the_network_as_its_contract_asks(tmp_path, monkeypatch) -> None:
    """The code in the card is run as it stands."""
    folder = tmp_path / "fpn"
    assert run(["export", "--member", "fpn", "-o", str(folder)]) == 0
    card = (folder / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    frame = rgb_of(next(iter(open_synthetic(FRAMES))).picture)
    monkeypatch.chdir(tmp_path)
    assert cv2.imwrite("frame.png", frame[..., ::-1])
    known: dict[str, torch.Tensor] = {}
    exec(code.replace("THIS FOLDER", str(folder)), known)
    (found,) = (it for it in read_bundle(shipped()).members if it.name == "fpn")
    contract = found.header.spec.preprocessing
    whole = Rect(0, 0, frame.shape[1], frame.shape[0])
    with EagerEngine(bundle_of([MEMBER])) as engine:
        asked = Prepared((prepare_rgb(frame, contract),), whole, whole)
        polyp = engine.predict([asked])[0]
    assert np.abs(known["polyp"].detach().numpy() - polyp).max() < 1e-4
    assert "Research software, not a medical device" in card


# What cannot be.


REFUSED = {
    "another format": (["-o", "out/e.pt"], "end its name in .onnx for ONNX"),
    "no format and no member": (["-o", "out/e"], "or name a --member"),
    "no such member": (
        ["-o", "out/e", "--member", "unet"],
        "has no member unet; it has fpn, wide, triangle",
    ),
    "a triangle": (
        ["-o", "out/e", "--member", "triangle"],
        "three networks, which smp cannot hold",
    ),
    "no networks": (["-o", "out/e.onnx", "--weights", "fixed:"], "fixed: has no networks"),
    "no such weights": (["-o", "out/e.onnx", "--weights", "none.safetensors"], "no such"),
    "a pickle": (["-o", "out/e.onnx", "--weights", "p.safetensors"], "a pickle"),
    "a file that is there": (["-o", "there.onnx"], "is there already"),
    "a .bin that is there": (["-o", "there.xml"], "there.bin: is there already"),
    "a folder that holds something": (["-o", ".", "--member", "triangle"], "is there already"),
    "a file for a folder": (["-o", "there.onnx/e.onnx"], "cannot be written"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_exported_is_one_clear_line(
    case, bundle, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.safetensors").write_bytes(b"\x80\x04K\x01.")
    for name in ("there.onnx", "there.bin"):
        (tmp_path / name).write_text("precious")
    words, said = REFUSED[case]
    weights = [] if "--weights" in words else ["--weights", str(bundle)]
    assert run(["export", *words, *weights]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    assert (tmp_path / "there.onnx").read_text() == "precious"


def test_without_its_libraries_onnx_is_one_clear_line(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert run(["export", "--weights", str(MEMBER), "-o", str(tmp_path / "e.onnx")]) == 1
    assert "ONNX needs onnxscript, which is not installed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_replaced_when_asked_to(tiny_member, tmp_path) -> None:
    path = member(tmp_path / "m.safetensors", tiny_member("fpn"))
    folder = tmp_path / "folder"
    words = ["export", "--weights", str(path), "--member", "m", "-o", str(folder)]
    assert run(words) == 0
    (folder / "README.md").write_text("older")
    assert run(words) == 1
    assert run([*words, "-y"]) == 0
    assert "smp.from_pretrained" in (folder / "README.md").read_text()
