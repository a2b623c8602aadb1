"""Videos in DICOM, made once for all tests of this folder."""

import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from stream.source.naming import open_recording
from stream.tally import Tally
from tests.stream.dicom.made import H264, Made, write_dicom

FRAMES = 30


@pytest.fixture(scope="session")
def coded(record, tmp_path_factory) -> Callable[..., Path]:
    """A recording of 30 frames, made once: `coded(".ts", codec="libx265")`."""
    folder = tmp_path_factory.mktemp("coded")
    known: dict[str, Path] = {}

    def path_of(suffix: str = ".mp4", **wanted: object) -> Path:
        key = f"{suffix}{sorted(wanted.items())}"
        if key not in known:
            known[key] = folder / f"{len(known)}{suffix}"
            record(known[key], frames=FRAMES, **wanted)
        return known[key]

    return path_of


@pytest.fixture(scope="session")
def video(coded, tmp_path_factory) -> Path:
    """A Video Endoscopic Image of 30 frames with sound, of one patient."""
    path = tmp_path_factory.mktemp("video") / "IM000001.dcm"
    stream = coded(".mp4", sound_from=Fraction(0)).read_bytes()
    write_dicom(path, Made(stream, H264, FRAMES))
    return path


@pytest.fixture(scope="session")
def frames_of():
    """Opens a recording and reads it to its end: the source and its frames."""

    def read(path: Path):
        warnings = Tally()
        with open_recording(str(path), warnings=warnings) as source:
            frames = list(source)
            sound = source.take_packets()
        return source, frames, sound

    return read


@pytest.fixture(scope="session")
def tool() -> Callable[..., str]:
    """Runs a program of dcmtk or dicom3tools, or skips: all that it says."""

    def run(name: str, *words: object) -> str:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed (Debian: dcmtk, dicom3tools)")
        done = subprocess.run([name, *map(str, words)], capture_output=True, check=False)
        said = done.stdout + done.stderr
        return said.decode("utf-8", "replace")

    return run
