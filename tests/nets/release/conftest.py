"""The files that `make_files.py` made, unpacked."""

import lzma
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from torch import nn

from nets.checkpoint import Header
from nets.release import read_release

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Unpacks a file: `release("fpn")`, or `release("fpn.outline")`."""
    folder = tmp_path_factory.mktemp("releases")

    def unpacked(name: str) -> Path:
        path = folder / f"{name}.pth"
        if not path.exists():
            path.write_bytes(lzma.decompress((HERE / f"{name}.xz").read_bytes()))
        return path

    return unpacked


@pytest.fixture(scope="session")
def member(release: Callable[[str], Path]) -> Callable[[str], tuple[nn.Module, Header]]:
    """Reads a file, once: `member("fpn")`."""
    return cache(lambda name: read_release(release(name)))
