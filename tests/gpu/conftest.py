"""What the tests on a GPU share. Without a CUDA device each of them is skipped, with a reason."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from nets.bundle import Bundle, read_weights, shipped
from nets.engine import named_bundle
from stream.frame import Frame
from stream.source.synthetic import open_synthetic

# A machine that has only what running takes has nothing to train with.
collect_ignore = [] if find_spec("lightning_fabric") else ["test_training.py"]

PAPER = "random:configs/ensembles/paper.yaml"
ROOT = Path(__file__).resolve().parents[2]
SCENE = "synthetic:?seed=3&seconds=8&size=1920x1080"
WITH_POLYP = range(84, 180, 8)
"""Frames of that scene in which the compact ensemble sees polyps, of every size."""


@pytest.fixture(scope="session")
def device() -> Iterator[str]:
    """The first CUDA device, in true single precision where single is asked for."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield "cuda:0"


@pytest.fixture(scope="session")
def compact() -> Bundle:
    """The ensemble that ships."""
    return read_weights([shipped()])


@pytest.fixture(scope="session")
def paper() -> Bundle:
    """The paper's ensemble with random weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        bundle = named_bundle([PAPER])
    assert bundle is not None
    return bundle


@pytest.fixture(scope="session")
def frames() -> list[Frame]:
    """A synthetic procedure at 1080p."""
    with open_synthetic(SCENE) as source:
        return [source.frame(index) for index in WITH_POLYP]
