"""What `process` writes beside a recording, and what it says of it, through the whole command."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from stream.sink.stills import still_of
from stream.source.file import open_file

FRAMES = 10


@pytest.fixture
def written(tmp_path, record, process):
    """Processes a small recording with some options, and tells where the outputs lie."""
    record(tmp_path / "in.mp4", frames=FRAMES, sound_from=Fraction(0))

    def run(*words):
        ended = process(tmp_path / "in.mp4", "-o", tmp_path / "out.mp4", *words)
        assert ended.status == 0
        return tmp_path

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_not_asked_for_is_not_written(written):
    outputs = {"out.mp4", "out.frames.csv", "out.sightings.json", "out.settings.yaml"}
    assert set(names(written("--no-report"))) == {"in.mp4", *outputs}


def test_every_nth_frame_is_written_without_its_mask(written):
    folder = written("--frames", "4", "--no-report")
    assert names(folder / "out.frames") == ["000000.png", "000004.png", "000008.png"]
    with open_file(folder / "in.mp4") as source:
        frames = list(source)
    for index in (0, 4, 8):
        picture = cv2.imread(str(folder / "out.frames" / f"{index:06d}.png"))
        np.testing.assert_array_equal(picture, still_of(frames[index]))


def test_every_frame_has_a_binary_mask_of_its_own_size(written):
    folder = written("--mask-images", "--view", "full", "--no-report")
    assert len(names(folder / "out.masks")) == FRAMES
    rows = (folder / "out.frames.csv").read_text().splitlines()[1:]
    for index, row in enumerate(rows):
        path = str(folder / "out.masks" / f"{index:06d}.png")
        mask = cv2.imread(path, cv2.IMREAD_UNCHANGED)
        assert mask.shape == (48, 64)
        assert np.unique(mask).tolist() == [0, 255]
        assert (mask > 0).mean() == pytest.approx(float(row.split(",")[3]), abs=1e-6)


def test_the_probability_is_a_lossless_grey_video_of_the_same_times(written, packets_in):
    folder = written("--masks", "--no-report")
    with av.open(str(folder / "out.masks.mp4")) as container:
        (stream,) = container.streams
        assert stream.codec_context.name == "ffv1"
        assert stream.pix_fmt == "gray"
    times = {name: packets_in(folder / name)["video"] for name in ("in.mp4", "out.masks.mp4")}
    assert times["out.masks.mp4"] == times["in.mp4"]


def test_times_and_sound_go_through_the_whole_command(written, packets_in):
    folder = written("--no-report")
    assert packets_in(folder / "out.mp4") == packets_in(folder / "in.mp4")


def test_the_report_says_how_both_recordings_are_encoded(written):
    page = (written("--crf", "30") / "out.report.html").read_text()
    assert "<td>h264 in QuickTime / MOV</td>" in page
    assert "<td>libx264, crf 30, preset ultrafast</td>" in page
