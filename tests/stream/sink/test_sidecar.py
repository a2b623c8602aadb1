"""`frames.csv`."""

import csv
import resource
import signal
import subprocess
import sys
import textwrap
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.errors import OutputExistsError, SinkError
from stream.frame import Frame
from stream.sink.sidecar import COLUMNS, FrameTable

ROOT = Path(__file__).parents[3]

GREY = Picture((np.zeros((4, 4), np.uint8),), LAYOUTS["gray"], Colour(Matrix.BT601))


def frame(index):
    return Frame(index, 1001 * index, Fraction(1, 60000), GREY, 0.0)


def test_every_frame_has_its_record(tmp_path):
    with FrameTable(tmp_path / "frames.csv") as table:
        table.write(frame(0), polyp_fraction=0, boxes=[], highest_probability=0.03125, view=None)
        boxes = [Rect(10, 20, 30, 40), Rect(1, 2, 3, 4)]
        view = Rect(0, 2, 90, 80)
        table.write(frame(1), polyp_fraction=0.0125, boxes=boxes, highest_probability=1, view=view)
    with (tmp_path / "frames.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        list(COLUMNS),
        ["0", "0", "0.000000", "0.000000", "0", "", "0.0312", ""],
        ["1", "1001", "0.016683", "0.012500", "2", "10 20 30 40;1 2 3 4", "1.0000", "0 2 90 80"],
    ]


def test_the_table_has_its_name_only_when_it_is_whole(tmp_path):
    with FrameTable(tmp_path / "frames.csv") as table:
        table.write(frame(0), polyp_fraction=0, boxes=[], highest_probability=0, view=None)
        assert [path.name for path in tmp_path.iterdir()] == ["frames.partial.csv"]
        assert (tmp_path / "frames.partial.csv").read_text().count("\n") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["frames.csv"]


def test_an_aborted_table_stays_partial(tmp_path):
    with pytest.raises(RuntimeError), FrameTable(tmp_path / "frames.csv"):
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["frames.partial.csv"]


def test_an_existing_table_is_refused_and_left_alone(tmp_path):
    (tmp_path / "frames.csv").write_text("precious")
    with pytest.raises(OutputExistsError):
        FrameTable(tmp_path / "frames.csv")
    assert (tmp_path / "frames.csv").read_text() == "precious"
    FrameTable(tmp_path / "frames.csv", overwrite=True).close()
    assert (tmp_path / "frames.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(SinkError, match="cannot be written: No such file"):
        FrameTable(tmp_path / "none" / "frames.csv")


WRITE = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from fractions import Fraction
    import numpy as np
    from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
    from stream.errors import SinkError
    from stream.frame import Frame
    from stream.sink.sidecar import FrameTable

    grey = Picture((np.zeros((4, 4), np.uint8),), LAYOUTS["gray"], Colour(Matrix.BT601))
    boxes = [Rect(100 + n, 200, 300, 400) for n in range(1000)]
    try:
        with FrameTable(Path(sys.argv[1])) as table:
            for index in range(int(sys.argv[2])):
                frame = Frame(index, index, Fraction(1, 25), grey, 0.0)
                table.write(
                    frame, polyp_fraction=0.5, boxes=boxes, highest_probability=0.5, view=None
                )
                if index == 5:
                    print("going", flush=True)
    except SinkError as problem:
        print(problem)
        sys.exit(1)
    """
)


def write_in_child(tmp_path, count, **options):
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, str(tmp_path / "frames.csv"), str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def whole_records(path):
    content = path.read_text()
    assert content.endswith("\n")
    lines = content.splitlines()[1:]
    assert {line.count(",") for line in lines} == {len(COLUMNS) - 1}
    return len(lines)


def test_a_killed_table_ends_behind_a_record(tmp_path):
    with write_in_child(tmp_path, 100_000) as child:
        assert child.stdout.readline() == "going\n"
        child.send_signal(signal.SIGKILL)
    assert whole_records(tmp_path / "frames.partial.csv") >= 6


def test_a_table_on_a_full_disk_ends_behind_a_record(tmp_path):
    limit = 1_000_000
    with write_in_child(
        tmp_path,
        100_000,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    ) as child:
        output, _ = child.communicate()
    assert child.returncode == 1
    assert "the disk is full" in output
    assert not (tmp_path / "frames.csv").exists()
    assert 40 < whole_records(tmp_path / "frames.partial.csv") < 80
    assert (tmp_path / "frames.partial.csv").stat().st_size <= limit
