"""Decoding in hardware is tried, and software does it where there is none."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.hwaccel import HWAccel

from stream.errors import SourceError
from stream.source.file import FileSource
from stream.source.hardware import hardware_decoder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "short.mp4"
    dice = np.random.default_rng(4)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 192, 160, "yuv420p"
        for _ in range(8):
            shown = av.VideoFrame(192, 160, "yuv420p")
            for plane in shown.planes:
                plane.update(dice.integers(40, 200, plane.buffer_size, dtype=np.uint8).tobytes())
            container.mux(stream.encode(shown))
        container.mux(stream.encode(None))
    return path


def luma_of(path: Path, decoder: str) -> list[np.ndarray]:
    with FileSource(path, decoder=decoder) as source:
        return [frame.picture.planes[0].copy() for frame in source]


def test_auto_gives_the_frames_that_software_gives(recording: Path) -> None:
    software, auto = luma_of(recording, "software"), luma_of(recording, "auto")
    assert len(auto) == len(software) == 8
    assert all(np.array_equal(a, b) for a, b in zip(software, auto, strict=True))


def test_what_cannot_be_tried_is_left_to_software(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no recording")
    assert hardware_decoder(str(text)) is None
    assert hardware_decoder(str(tmp_path / "missing.mp4")) is None
    assert hardware_decoder("rtsp://127.0.0.1:9/room") is None
    with pytest.raises(SourceError, match="is no recording that can be read"):
        FileSource(text, decoder="auto")


def test_a_machine_without_such_a_device_has_no_such_decoder(recording: Path) -> None:
    try:
        av.open(str(recording), hwaccel=HWAccel("cuda")).close()
    except (av.FFmpegError, OSError):
        assert hardware_decoder(str(recording)) is None
    else:
        pytest.skip("there is a CUDA device here")
