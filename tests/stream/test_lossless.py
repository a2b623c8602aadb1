"""Through the whole chain into FFV1: outside mask and outline every sample is the source's."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from nets.engine import FixedEngine
from nets.picture import LAYOUTS, Colour, Layout, Matrix, Picture
from stream.frame import Frame, decoded_of, picture_of
from stream.job import Outputs, process_recording
from stream.offline import Seen
from stream.settings import ProcessSettings
from stream.source.naming import open_recording
from stream.tally import Tally

HEIGHT, WIDTH, FRAMES = 96, 128, 6
SOURCES = {
    "yuv420p": "ffv1",
    "yuv422p": "ffv1",
    "yuv444p": "ffv1",
    "nv12": "rawvideo",
    "yuv420p10le": "ffv1",
    "yuv422p10le": "ffv1",
}


def write_noise(path: Path, layout: Layout, codec: str) -> None:
    """A recording of noise, in which no two samples need be alike."""
    rng = np.random.default_rng(11)
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, layout.name
        for index in range(FRAMES):
            planes = tuple(
                rng.integers(0, 1 << layout.bits, shape).astype(layout.dtype)
                for shape in layout.plane_shapes(HEIGHT, WIDTH)
            )
            picture = Picture(planes, layout, Colour(Matrix.BT601))
            native = decoded_of(Frame(index, index, Fraction(1, 25), picture, 0.0))
            sink.mux(stream.encode(native))
        sink.mux(stream.encode(None))


def planar(picture: Picture) -> list[NDArray[np.generic]]:
    """Luma and both chroma planes, whatever way they lie."""
    luma, *chroma = picture.planes
    if picture.layout.interleaved:
        chroma = [chroma[0][..., 0], chroma[0][..., 1]]
    return [luma, *chroma]


def outside(seen: Seen, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Samples of a plane that touch no luma sample of the mask."""
    whole = np.zeros((HEIGHT, WIDTH), np.bool_)
    whole[seen.mask.box.slices()] = seen.mask.inside > 0
    tall, wide = HEIGHT // shape[0], WIDTH // shape[1]
    return ~whole.reshape(shape[0], tall, shape[1], wide).any((1, 3))


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("overlay", [True, False], ids=["overlay", "no overlay"])
def test_outside_mask_and_outline_every_sample_is_the_sources(
    name: str, overlay: bool, tmp_path: Path
) -> None:
    recording = tmp_path / "noise.mkv"
    write_noise(recording, LAYOUTS[name], SOURCES[name])
    everything: list[Seen] = []
    settings = ProcessSettings(weights=("fixed:",), codec="ffv1", overlay=overlay, view="full")
    outputs = Outputs(tmp_path / "out.mp4")
    with open_recording(str(recording), warnings=Tally()) as source, FixedEngine() as engine:
        process_recording(
            source, outputs, settings, engine, warnings=Tally(), progress=everything.append
        )
    assert len(everything) == FRAMES and all(seen.mask.regions for seen in everything)
    with av.open(str(outputs.recording)) as container:
        written = [picture_of(frame) for frame in container.decode(video=0)]
    assert len(written) == FRAMES
    for seen, picture in zip(everything, written, strict=True):
        changed = 0
        for before, after in zip(planar(seen.frame.picture), planar(picture), strict=True):
            untouched = outside(seen, before.shape) if overlay else np.ones(before.shape, np.bool_)
            assert np.array_equal(before[untouched], after[untouched])
            changed += int(np.count_nonzero(before != after))
        assert (changed > 0) == overlay
