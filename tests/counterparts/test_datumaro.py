"""Predictions out to Datumaro, corrected there, and back through `manifest`.

Datumaro is the library by which CVAT itself reads and writes COCO; it reads and writes CVAT's own
format too.
"""

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from stream.cli import main as stream_command
from train.cli import run
from train.manifest import read_manifest
from train.pictures import read_mask

SCRIPT = Path(__file__).parent / "correct.py"

SOURCE = "synthetic:?seed=3&seconds=1&size=320x256"


@pytest.fixture(scope="module")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `process` writes with --frames 5 --coco --cvat --mask-images."""
    folder = tmp_path_factory.mktemp("predicted")
    words = ["process", SOURCE, "-o", str(folder / "a.mp4"), "-w", "fixed:", "--no-report"]
    words += ["--frames", "5", "--coco", "--cvat", "--mask-images", "--preset", "ultrafast"]
    with pytest.raises(SystemExit) as ended:
        stream_command(words)
    assert ended.value.code == 0
    return folder


def laid_out(predicted: Path, form: str, folder: Path) -> Path:
    """The predictions as each format lies on a disk."""
    pictures, export, suffix = {
        "coco_instances": ("images/default", "annotations/instances_default.json", "coco.json"),
        "cvat": ("images", "default.xml", "cvat.xml"),
    }[form]
    shutil.copytree(predicted / "a.frames", folder / pictures)
    (folder / export).parent.mkdir(exist_ok=True)
    shutil.copy(predicted / f"a.{suffix}", folder / export)
    return folder


@pytest.mark.parametrize("exported", ["coco_instances", "cvat"])
@pytest.mark.parametrize("form", ["coco_instances", "cvat"])
def test_corrected_predictions_come_back_as_they_were_drawn(
    form: str, exported: str, predicted: Path, counterpart: Path, tmp_path: Path
) -> None:
    source, room, truth = laid_out(predicted, form, tmp_path / "in"), tmp_path / "room", "truth.npz"
    words = [counterpart, SCRIPT, form, source, room, exported, tmp_path / truth]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = np.load(tmp_path / truth)
    names = sorted(path.stem for path in (predicted / "a.frames").iterdir())
    assert len(names) == 5
    for name in names:  # Datumaro saw what was predicted
        wanted = cv2.imread(str(predicted / "a.masks" / f"{name}.png"), cv2.IMREAD_GRAYSCALE) > 0
        assert np.array_equal(said[f"before {name}"] > 0, wanted)
    table = tmp_path / "room.csv"
    assert run(["manifest", str(room), "-o", str(table), "--strict"]) == 0
    samples = {sample.image.stem: sample for sample in read_manifest(table)}
    assert sorted(samples) == names
    for name in names:
        mask = read_mask(samples[name].mask, said[name].shape)
        assert np.array_equal(mask, said[name] > 0), name
    assert samples[names[2]].mask is None
    assert sum(read_mask(samples[names[1]].mask, said[names[1]].shape).ravel()) == 253
