"""The installation itself: the two traps that a plain `pip install` falls into."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import cv2

ROOT = Path(__file__).parent.parent


def test_opencv_has_a_window_library() -> None:
    """albumentations asks for opencv-python-headless, whose files would take the window away."""
    found = re.search(r"GUI:\s*(\S+)", cv2.getBuildInformation())
    assert found and found[1] != "NONE"
    installed = {distribution.name.lower() for distribution in metadata.distributions()}
    assert "opencv-python-headless" not in installed


def test_smp_imports_with_the_torch_that_is_installed() -> None:
    """A torch of another build beside torchvision does not import."""
    import segmentation_models_pytorch as smp
    import torchvision

    assert smp.Unet and torchvision.ops.nms


def test_the_lock_holds_versions_only() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 50
    assert all(re.match(r"[a-z0-9-]+==[^/@ ]+( ;.*)?$", line) for line in lines)
    assert not any(line.startswith("opencv-python-headless") for line in lines)


def test_nothing_of_the_shared_data_is_in_the_project() -> None:
    """Real frames and clips are never copied into the project."""
    pictures = {".jpg", ".jpeg", ".mp4", ".avi", ".mkv", ".tif"}
    folders = ("stream", "nets", "train", "tests", "configs")
    held = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix.lower() in pictures
    ]
    assert not held


def test_what_the_code_reads_beside_itself_is_installed_with_it() -> None:
    """setuptools takes Python alone along, unless it is told."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    globs = told["tool"]["setuptools"]["package-data"]
    taken = {
        path
        for package, patterns in globs.items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    pages = {
        path
        for package in ("nets", "stream", "train")
        for suffix in ("jinja", "html", "css", "js", "typed")
        for path in (ROOT / package).rglob(f"*.{suffix}")
    }
    assert pages
    assert pages <= taken
