"""`masks.mp4`: the probability, level by level and time by time."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.errors import OutputExistsError
from stream.frame import Frame
from stream.parameters import StreamParameters
from stream.prediction import Prediction
from stream.sink.masks import MaskRecording

VIEW = Rect(20, 10, 60, 48)
UNIT = Fraction(1, 30000)
TIMES = [90007, 91008, 92009, 95012, 95013, 120000]
GREY = Picture((np.zeros((80, 100), np.uint8),), LAYOUTS["gray"], Colour(Matrix.BT601))


def frame(index: int) -> Frame:
    return Frame(index, TIMES[index], UNIT, GREY, 0.0)


def predicted(index: int, extent: Rect = VIEW) -> Prediction:
    generator = np.random.default_rng(index)
    return Prediction(index, VIEW, extent, generator.random((40, 48), np.float32), 0.0, 0.0)


def write(path: Path, *, visible: bool = True, extent: Rect = VIEW) -> None:
    parameters = StreamParameters(UNIT, Fraction(30000, 1001), metadata={"title": "secret"})
    with MaskRecording(path, parameters=parameters) as masks:
        for index in range(len(TIMES)):
            masks.write(frame(index), predicted(index, extent), visible=visible)


def read(path: Path) -> tuple[list[Fraction], list[np.ndarray]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("ffv1", "gray")
        assert "title" not in container.metadata
        frames = list(container.decode(stream))
    return [f.pts * f.time_base for f in frames], [f.to_ndarray(format="gray") for f in frames]


def test_levels_are_the_probability_and_times_the_frames_own(tmp_path: Path) -> None:
    write(tmp_path / "a.masks.mp4")
    times, levels = read(tmp_path / "a.masks.mp4")
    assert times == [pts * UNIT for pts in TIMES]
    for index, level in enumerate(levels):
        probability = predicted(index).probability
        assert level.shape == probability.shape
        assert np.abs(level / 255 - probability).max() <= 0.002


def test_frame_without_a_view_is_black(tmp_path: Path) -> None:
    write(tmp_path / "a.masks.mp4", visible=False)
    assert all(level.max() == 0 for level in read(tmp_path / "a.masks.mp4")[1])


def test_cells_outside_the_view_are_black_where_the_grid_covers_the_frame(tmp_path: Path) -> None:
    write(tmp_path / "a.masks.mp4", extent=GREY.whole)
    for index, level in enumerate(read(tmp_path / "a.masks.mp4")[1]):
        # 80 rows and 100 columns of samples on 40 rows and 48 columns of cells.
        probability = predicted(index).probability
        inside = np.zeros(level.shape, np.bool_)
        inside[5:29, 10:38] = True
        assert np.array_equal(level[inside], np.rint(probability[inside] * 255).astype(np.uint8))
        assert level[~inside].max() == 0


def test_masks_that_are_there_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.masks.mp4")
    with pytest.raises(OutputExistsError):
        write(tmp_path / "a.masks.mp4")


def test_failure_leaves_what_there_is_under_the_partial_name(tmp_path: Path) -> None:
    parameters = StreamParameters(UNIT, Fraction(30))
    with (
        pytest.raises(RuntimeError),
        MaskRecording(tmp_path / "a.masks.mp4", parameters=parameters) as masks,
    ):
        masks.write(frame(0), predicted(0), visible=True)
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a.masks.partial.mp4"]
    assert len(read(tmp_path / "a.masks.partial.mp4")[0]) == 1
