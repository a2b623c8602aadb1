"""One suite for every engine: all give the reference's answer."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from nets.bundle import read_bundle, write_bundle
from nets.certainty import settled
from nets.engine import Engine, open_engine
from nets.engine.cuda import CudaEngine
from nets.engine.cuda.accelerator import Plain
from nets.engine.openvino_runtime import openvino
from nets.errors import BundleError, EngineError
from nets.fusion import LEARNED
from nets.fusion_file import FusionHeader, load_fusion, save_fusion
from nets.grid import Fusion
from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from nets.preprocessing import Prepared, prepare

HALF = 5e-3
"""Mean difference of a probability that half precision may make (the issue's own bound)."""

WAYS = {
    "eager": (("eager", "f32", "latency"), 0.0),
    "openvino, one at once": (("cpu", "f32", "latency"), 1e-4),
    "openvino, several at once": (("cpu", "f32", "throughput"), 1e-4),
    "openvino in bf16": (("cpu", "bf16", "latency"), HALF),
    "resident, on the processor": (("plain", "f32", "latency"), 1e-5),
    "cuda in f32": (("cuda", "f32", "latency"), 1e-4),
    "cuda in half": (("cuda", "auto", "throughput"), HALF),
}
"""How an engine is opened, and the largest mean difference from the reference.

In f32 the libraries sum in another order; measured 2e-6 on trained weights. The resident engine
runs by its own code on the processor, too: it folds batch norm, nothing more."""


def why_not(device: str, precision: str) -> str:
    """Why this machine cannot open an engine so, if it cannot."""
    if device == "cuda" and not torch.cuda.is_available():
        return "there is no CUDA device"
    has = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if (device, precision) == ("cpu", "bf16") and "BF16" not in has:
        return "this processor has no bf16"
    return ""


@pytest.fixture(scope="module")
def bundle(mixed_members: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "mixed"
    write_bundle(folder, {path.stem: path for path in mixed_members})
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One for all engines of this file, so that the ensemble is converted once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIVERGENT_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module", params=list(WAYS))
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(way: str, bundle: Path) -> Engine:
    device, precision, mode = WAYS[way][0]
    if reason := why_not(device, precision):
        pytest.skip(reason)
    if device == "plain":
        return CudaEngine(read_bundle(bundle), Plain(), precision="f32", batches=(1, 2))
    return open_engine([str(bundle)], device=device, precision=precision, mode=mode)


@pytest.fixture(scope="module")
def engine(way: str, bundle: Path, cache: Path) -> Iterator[Engine]:
    with opened(way, bundle) as engine:
        yield engine


@pytest.fixture(scope="module")
def learned(mixed_members: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two of the members with each fusion that is learned, and random weights in that."""
    folder, bundles = tmp_path_factory.mktemp("learned"), {}
    members = {path.stem: path for path in mixed_members[:2]}
    for kind, make in LEARNED.items():
        torch.manual_seed(5)
        fusion = make(len(members))
        with torch.no_grad():
            for weights in fusion.parameters():
                weights.add_(0.3 * torch.randn(weights.shape))
        file, bundles[kind] = folder / f"{kind}.safetensors", folder / kind
        save_fusion(file, fusion, FusionHeader(kind, tuple(members)))
        write_bundle(bundles[kind], members, fusion=Fusion(kind, file=file))
    return bundles


@pytest.fixture(scope="module")
def reference(bundle: Path) -> Iterator[Engine]:
    with open_engine([str(bundle)], device="eager") as opened:
        yield opened


def pictures(engine: Engine, count: int = 3) -> list[Prepared]:
    """Noise with a view in it, somewhere else in every picture."""
    rng = np.random.default_rng(3)
    layout = LAYOUTS["yuv420p"]
    prepared = []
    for number in range(count):
        planes = tuple(
            rng.integers(16, 235, shape, dtype=np.uint8) for shape in layout.plane_shapes(120, 160)
        )
        picture = Picture(planes, layout, Colour(Matrix.BT601))
        prepared.append(prepare(picture, Rect(20 + 2 * number, 10, 100, 90), engine.contracts))
    return prepared


def test_every_engine_gives_the_references_answer(
    way: str, engine: Engine, reference: Engine
) -> None:
    prepared = pictures(reference)
    for ask in ("predict", "predict_members"):
        ours, expected = getattr(engine, ask)(prepared), getattr(reference, ask)(prepared)
        assert ours.dtype == np.float32 and ours.shape == expected.shape
        assert np.abs(ours - expected).mean() <= WAYS[way][1]


def test_every_engine_lets_regions_count_that_it_is_sure_of_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = pictures(engine)
    maps = engine.predict(prepared)
    threshold, certainty = (float(np.quantile(maps, share)) for share in (0.6, 0.9999))
    monkeypatch.setattr(engine, "threshold", threshold)
    monkeypatch.setattr(engine, "certainty", certainty)
    ours, expected = engine.predict(prepared) > threshold, settled(maps, threshold, certainty)
    assert np.array_equal(ours, expected > threshold)
    assert 0 < ours.sum() < (maps > threshold).sum()


@pytest.mark.parametrize("kind", LEARNED)
def test_every_engine_understands_a_learned_fusion(
    way: str, kind: str, learned: dict[str, Path], cache: Path
) -> None:
    with open_engine([str(learned[kind])], device="eager") as reference:
        prepared = pictures(reference)
        members = reference.predict_members(prepared)
    fusion = load_fusion(read_bundle(learned[kind]).fusion, 2)
    with torch.inference_mode():
        expected = fusion(torch.from_numpy(members)).numpy()
    with opened(way, learned[kind]) as engine:
        ours = engine.predict(prepared)
        assert np.abs(engine.predict_members(prepared) - members).mean() <= WAYS[way][1]
    assert np.abs(ours - expected).mean() <= max(WAYS[way][1], 1e-6)
    assert np.abs(ours - members.mean(1)).mean() > 0.02  # it is no mean
    assert ours.min() >= 0 and ours.max() <= 1


def test_the_fused_map_is_the_mean_of_the_members(engine: Engine) -> None:
    prepared = pictures(engine)
    fused, members = engine.predict(prepared), engine.predict_members(prepared)
    assert members.shape == (3, 3, engine.grid.height, engine.grid.width)
    assert np.abs(fused - members.mean(1)).max() < (1e-6 if engine.arithmetic == "f32" else 1e-2)
    assert fused.min() >= 0 and fused.max() <= 1


def test_a_picture_is_answered_alike_alone_and_in_company(engine: Engine) -> None:
    prepared = pictures(engine, 5)
    together = engine.predict(prepared)
    alone = np.concatenate([engine.predict([picture]) for picture in prepared])
    assert np.abs(together - alone).max() < (1e-5 if engine.arithmetic == "f32" else 1e-2)


def test_an_answer_stays_as_it_was_when_the_next_one_is_made(engine: Engine) -> None:
    first, second = pictures(engine, 2)
    answer = engine.predict([first])
    kept = answer.copy()
    engine.predict([second])
    assert np.array_equal(answer, kept)


def test_an_engine_says_what_it_runs_on(way: str, engine: Engine) -> None:
    assert engine.device.split(":")[0] == ("cuda" if "cuda" in way else "cpu")
    assert engine.arithmetic in engine.runs_on
    assert engine.batch >= 1


def test_several_at_once_is_what_throughput_is_for(bundle: Path, cache: Path) -> None:
    with open_engine([str(bundle)], device="cpu", mode="throughput") as engine:
        assert engine.batch == 1 or len(os.sched_getaffinity(0)) > 1
        assert (
            engine.predict(pictures(engine, 2 * engine.batch + 1)).shape[0] == 2 * engine.batch + 1
        )


def test_unknown_weights_and_devices_are_one_clear_line(bundle: Path) -> None:
    with pytest.raises(BundleError, match="local files"):
        open_engine(["https://example.org/weights"])
    for alone in ("fixed:", "random:plan.yaml"):
        with pytest.raises(BundleError, match="alone"):
            open_engine([alone, str(bundle)])
    with pytest.raises(EngineError, match="no such device"):
        open_engine([str(bundle)], device="abacus")
    with pytest.raises(EngineError, match="f64: OpenVINO computes in"):
        open_engine([str(bundle)], device="cpu", precision="f64")


def test_int8_needs_a_bundle_that_has_it(bundle: Path) -> None:
    with pytest.raises(EngineError, match="divergent-train quantise"):
        open_engine([str(bundle)], device="cpu", precision="int8")


def imported(script: str) -> str:
    """What a fresh process prints."""
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def test_fixed_answers_with_one_ellipse_and_imports_no_network_library() -> None:
    told = imported(
        "import sys; from nets.engine import open_engine; e = open_engine(['fixed:']);"
        "print(sorted({'torch', 'segmentation_models_pytorch', 'openvino'} & set(sys.modules)),"
        " (e.predict([None])[0] > e.threshold).mean())"
    )
    assert told.startswith("[] 0.0"), told
