"""What OpenVINO's engine keeps: found again, keyed by what matters, and deleted at any time."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nets.bundle import read_weights
from nets.engine import Engine, open_engine
from nets.engine.openvino_runtime import openvino
from nets.errors import EngineError
from nets.picture import Rect
from nets.preprocessing import Prepared, Preprocessing

WHOLE = Rect(0, 0, 64, 64)


@pytest.fixture(scope="module")
def filled(member: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds one member's model, converted and compiled."""
    folder = tmp_path_factory.mktemp("filled") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIVERGENT_CACHE", str(folder))
        open_engine([str(member)], device="cpu").close()
    return folder


@pytest.fixture
def cache(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in use."""
    folder = tmp_path / "cache"
    shutil.copytree(filled, folder)
    monkeypatch.setenv("DIVERGENT_CACHE", str(folder))
    return folder


def grey() -> Prepared:
    return Prepared((np.full((64, 64, 3), 90, np.uint8),), WHOLE, WHOLE)


def opened(weights: Path, said: list[str]) -> Engine:
    return open_engine([str(weights)], device="cpu", notify=said.append)


FRESH = """
import json, sys
import numpy as np
from nets.engine import open_engine
from nets.picture import Rect
from nets.preprocessing import Prepared

whole, said = Rect(0, 0, 64, 64), []
with open_engine([sys.argv[1]], device="cpu", notify=said.append) as engine:
    engine.predict([Prepared((np.zeros((64, 64, 3), np.uint8),), whole, whole)])
heavy = {"torch", "segmentation_models_pytorch", "timm", "nncf", "ssl", "requests"}
print(json.dumps([said, sorted(heavy & sys.modules.keys())]))
"""


def test_a_fresh_process_with_a_full_cache_imports_no_torch_and_no_network(cache, member):
    told = subprocess.run(
        [sys.executable, "-c", FRESH, str(member)], capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout) == [[], []]


def test_a_cache_deleted_in_use_leaves_engines_be_and_is_filled_anew(
    cache, member, make_member, tmp_path
):
    other = make_member(tmp_path / "other.safetensors", Preprocessing(height=64, width=64), 2)
    said: list[str] = []
    with opened(member, said) as engine:
        before = engine.predict([grey()])
        shutil.rmtree(cache)
        with opened(other, said) as another:
            assert not np.array_equal(another.predict([grey()]), before)
        assert np.array_equal(engine.predict([grey()]), before)
    assert said == ["preparing other for this machine, once"]
    assert len(list((cache / "models").iterdir())) == 1


def test_weights_versions_and_devices_have_models_of_their_own(cache, member):
    (model,) = (cache / "models").iterdir()
    fingerprint = read_weights([member]).fingerprint()
    assert model.name.startswith(fingerprint)
    assert openvino.__version__.split("-")[0] in model.name
    with opened(member, []):
        assert list((cache / "compiled").glob("*/*.blob"))  # OpenVINO's own, by device and settings


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_a_precision_runs_what_was_compiled_for_it(cache, member, monkeypatch, precision):
    """OpenVINO takes one precision's graph for another's, and then answers wrongly."""

    def answer(folder: str, precision: str) -> np.ndarray:
        monkeypatch.setenv("DIVERGENT_CACHE", str(cache / folder))
        with open_engine([str(member)], device="cpu", precision=precision) as engine:
            return engine.predict([grey()])

    other = "bf16" if precision == "f32" else "f32"
    alone = answer("alone", precision)
    answer("shared", other)
    assert np.array_equal(answer("shared", precision), alone)
    kinds = {path.name.split("-")[1] for path in (cache / "shared" / "compiled").iterdir()}
    assert kinds == ({"f32", "bf16"} if "BF16" in capabilities() else {"f32"})


def capabilities() -> list[str]:
    return list(openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


@pytest.mark.parametrize("left", [0, 1000, 0.5])
def test_a_compiled_model_that_is_damaged_is_made_anew(cache, member, left):
    with opened(member, []) as engine:
        before = engine.predict([grey()])
    blob = max((cache / "compiled").glob("*/*.blob"), key=lambda path: path.stat().st_mtime_ns)
    whole = blob.read_bytes()
    blob.chmod(0o600)
    blob.write_bytes(whole[: left if isinstance(left, int) else int(left * len(whole))])
    said: list[str] = []
    with opened(member, said) as engine:
        assert np.array_equal(engine.predict([grey()]), before)
    assert said == []
    assert blob.stat().st_size >= 0.9 * len(whole)


def test_nothing_half_made_is_left_in_the_cache(cache):
    assert [path for path in cache.rglob("*") if "partial" in path.name] == []


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path, monkeypatch, member):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DIVERGENT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(EngineError, match="DIVERGENT_CACHE"):
        opened(member, [])
