"""A GPU's decoder beside the processor's, frame by frame."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nets.bundle import Bundle
from nets.engine.cuda import Cuda, CudaEngine
from stream.source.file import FileSource
from stream.source.hardware import hardware_decoder
from stream.synth import write_video

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, device: str) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    write_video(path, seconds=Fraction(1))
    if hardware_decoder(str(path)) is None:
        pytest.skip("this device does not decode H.264")
    return path


def test_the_gpus_decoder_gives_the_processors_samples(clip: Path) -> None:
    with FileSource(clip) as software, FileSource(clip, decoder="auto") as hardware:
        pairs = list(zip(software, hardware, strict=True))
    assert pairs
    for ours, theirs in pairs:
        assert ours.pts == theirs.pts
        assert np.array_equal(ours.picture.planes[0], theirs.picture.planes[0])  # H.264 is exact


def test_frames_of_the_gpus_decoder_are_answered_alike(
    clip: Path, compact: Bundle, device: str
) -> None:
    with CudaEngine(compact, Cuda(device, timed=False), batches=(1,)) as engine:
        answers = []
        for decoder in ("software", "auto"):
            with FileSource(clip, decoder=decoder) as source:
                first = next(iter(source)).picture
                answers.append(engine.predict([engine.prepare(first, first.whole)]))
    assert np.abs(answers[0] - answers[1]).max() < 2e-2
