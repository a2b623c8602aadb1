"""`frames.parquet`: the rows of `frames.csv` with their types, read by Arrow itself."""

import csv
import errno
from fractions import Fraction

import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.errors import OutputExistsError, SinkError
from stream.frame import Frame
from stream.prediction import Mask
from stream.sink.parquet import FrameParquet

parquet = pytest.importorskip("pyarrow.parquet", reason="extra cluster")

WORDS = ("--parquet", "--no-report", "--view", "8,8,120,100")

SOURCE = "synthetic:?seed=1&seconds=1&size=160x128"

GREY = Picture((np.zeros((4, 4), np.uint8),), LAYOUTS["gray"], Colour(Matrix.BT601))

NOTHING = Mask(Rect(0, 0, 4, 4), Rect(0, 0, 0, 0), np.zeros((0, 0), np.uint8), (), (), (), 0.25)


def frame(index: int) -> Frame:
    return Frame(index, 1001 * index, Fraction(1, 60000), GREY, 0.0)


def test_the_rows_are_those_of_the_csv_with_their_types(tmp_path, process) -> None:
    assert process(SOURCE, "-o", tmp_path / "a.mp4", *WORDS).status == 0
    table = parquet.read_table(tmp_path / "a.frames.parquet")
    with (tmp_path / "a.frames.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert table.column_names == list(written[0])
    assert table.num_rows == len(written) == 25
    for row, text in zip(table.to_pylist(), written, strict=True):
        assert (str(row["index"]), str(row["pts"])) == (text["index"], text["pts"])
        assert f"{row['seconds']:.6f}" == text["seconds"]
        assert f"{row['polyp_fraction']:.6f}" == text["polyp_fraction"]
        assert f"{row['highest_probability']:.4f}" == text["highest_probability"]
        boxes = [" ".join(map(str, box.values())) for box in row["boxes"]]
        assert (row["regions"], ";".join(boxes)) == (int(text["regions"]), text["boxes"])
        assert row["view"] == {"x": 8, "y": 8, "width": 120, "height": 100}
    assert str(table.schema.field("boxes").type).startswith("list<")


def test_frames_without_a_view_and_several_groups_go_through(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("stream.sink.parquet.GROUP", 4)
    with FrameParquet(tmp_path / "a.parquet") as file:
        for index in range(10):
            file.write(frame(index), NOTHING, visible=index % 2 == 0)
    read = parquet.ParquetFile(tmp_path / "a.parquet")
    assert read.num_row_groups == 3
    rows = read.read().to_pylist()
    assert [row["view"] is None for row in rows] == [False, True] * 5
    assert [row["pts"] for row in rows] == [1001 * index for index in range(10)]
    assert rows[0]["boxes"] == []
    with FrameParquet(tmp_path / "empty.parquet"):
        pass
    assert parquet.read_table(tmp_path / "empty.parquet").num_rows == 0


def test_what_an_error_leaves_is_nothing(tmp_path) -> None:
    with pytest.raises(RuntimeError), FrameParquet(tmp_path / "a.parquet") as file:
        file.write(frame(0), NOTHING, visible=True)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_clear_line(tmp_path) -> None:
    path = tmp_path / "a.parquet"
    with pytest.raises(SinkError, match="the disk is full"), FrameParquet(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_left_alone_unless_told(tmp_path, process) -> None:
    (tmp_path / "a.frames.parquet").write_text("precious")
    with pytest.raises(OutputExistsError), FrameParquet(tmp_path / "a.frames.parquet"):
        pass
    refused = process(SOURCE, "-o", tmp_path / "a.mp4", *WORDS)
    assert refused.status == 1
    assert "exists already" in refused.complaint
    assert [path.name for path in tmp_path.iterdir()] == ["a.frames.parquet"]
    assert process(SOURCE, "-o", tmp_path / "a.mp4", *WORDS, "-y").status == 0
    assert parquet.read_table(tmp_path / "a.frames.parquet").num_rows == 25


def test_without_pyarrow_the_option_is_refused_at_once(tmp_path, process, monkeypatch) -> None:
    monkeypatch.setattr("nets.extras.find_spec", lambda name: None)
    refused = process(SOURCE, "-o", tmp_path / "a.mp4", *WORDS)
    assert refused.status == 1
    assert "pip install 'divergentnets[cluster]'" in refused.complaint
    assert list(tmp_path.iterdir()) == []
