"""Folders of PNG, masks and stills."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from nets.picture import Rect
from stream.errors import OutputExistsError, SinkError
from stream.frame import Frame, picture_of
from stream.prediction import Prediction, find_mask
from stream.sink.pictures import PictureFolder
from stream.sink.stills import mask_picture, still_of


def coloured(layout: str = "yuv444p", size: tuple[int, int] = (101, 75)) -> Frame:
    width, height = size
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, : width // 2] = (200, 60, 40)
    rgb[:, width // 2 :] = (30, 90, 160)
    native = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(
        format=layout, dst_colorspace=5, dst_color_range=1
    )
    return Frame(0, 0, Fraction(1, 25), picture_of(native), 0.0)


def test_pictures_are_numbered_and_read_back_sample_for_sample(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    with PictureFolder(tmp_path / "a.frames") as folder:
        folder.write(0, picture)
        folder.write(1234567, picture[..., 0])
        assert not (tmp_path / "a.frames").exists()
    assert sorted(path.name for path in (tmp_path / "a.frames").iterdir()) == [
        "000000.png",
        "1234567.png",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["a.frames"]
    read = cv2.imread(str(tmp_path / "a.frames" / "000000.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(read, picture)


def test_folder_of_pictures_is_replaced_only_when_asked_to(tmp_path: Path) -> None:
    for number in range(2):
        with PictureFolder(tmp_path / "a", overwrite=number > 0) as folder:
            folder.write(number, np.zeros((4, 4), np.uint8))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["000001.png"]
    with pytest.raises(OutputExistsError):
        PictureFolder(tmp_path / "a")


def test_folder_that_holds_something_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "thesis.txt").write_text("precious")
    with pytest.raises(SinkError, match="holds more than numbered pictures"):
        PictureFolder(tmp_path / "a", overwrite=True)
    assert (tmp_path / "a" / "thesis.txt").read_text() == "precious"


def test_failure_leaves_the_partial_name_and_the_next_run_starts_afresh(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), PictureFolder(tmp_path / "a.masks") as folder:
        folder.write(7, np.zeros((4, 4), np.uint8))
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a.partial.masks"]
    with PictureFolder(tmp_path / "a.masks") as folder:
        folder.write(8, np.zeros((4, 4), np.uint8))
    assert [path.name for path in (tmp_path / "a.masks").iterdir()] == ["000008.png"]


def test_unwritable_place_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="cannot be made"):
        PictureFolder(tmp_path / "none" / "a.masks")


@pytest.mark.parametrize("layout", ["yuv420p", "yuv444p", "nv12", "yuv420p10le"])
def test_still_has_the_frames_size_and_colour(layout: str) -> None:
    size = (100, 76)
    still = still_of(coloured(layout, size))
    assert still.shape == (76, 100, 3)
    assert np.abs(still[10, 10].astype(int) - (40, 60, 200)).max() <= 3
    assert np.abs(still[10, 90].astype(int) - (160, 90, 30)).max() <= 3


def test_mask_picture_is_binary_at_the_frames_own_size(tmp_path: Path) -> None:
    frame, view = coloured(), Rect(10, 4, 80, 66)
    probability = np.zeros((16, 16), np.float32)
    probability[4:9, 5:12] = 0.9
    mask = find_mask(Prediction(0, view, view, probability, 0.0, 0.0), 0.5)
    with PictureFolder(tmp_path / "a.masks") as folder:
        folder.write(0, mask_picture(frame, mask))
        folder.write(1, mask_picture(frame, find_mask(_nothing(view), 0.5)))
    picture = cv2.imread(str(tmp_path / "a.masks" / "000000.png"), cv2.IMREAD_UNCHANGED)
    assert picture.shape == (75, 101)
    assert np.unique(picture).tolist() == [0, 255]
    assert np.count_nonzero(picture) == sum(mask.sizes)
    assert cv2.boundingRect(picture) == tuple(mask.regions[0])
    empty = cv2.imread(str(tmp_path / "a.masks" / "000001.png"), cv2.IMREAD_UNCHANGED)
    assert empty.shape == (75, 101)
    assert empty.max() == 0


def _nothing(view: Rect) -> Prediction:
    return Prediction(0, view, view, np.zeros((16, 16), np.float32), 0.0, 0.0)


def test_a_picture_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch) -> None:
    seen = []
    write = Path.write_bytes

    def slowly(path: Path, content: bytes) -> int:
        written = write(path, content[:10])
        seen.append([file.name for file in path.parent.iterdir()])
        return written + write(path, content)

    monkeypatch.setattr(Path, "write_bytes", slowly)
    with PictureFolder(tmp_path / "a") as folder:
        folder.write(3, np.zeros((4, 4), np.uint8))
    assert seen == [["000003.partial.png"]]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["000003.png"]


def test_what_a_killed_run_left_of_a_folder_is_replaced(tmp_path: Path) -> None:
    left = tmp_path / "a.partial"
    left.mkdir()
    (left / "000003.partial.png").write_bytes(b"half")
    with PictureFolder(tmp_path / "a", overwrite=True) as folder:
        folder.write(0, np.zeros((4, 4), np.uint8))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["000000.png"]
