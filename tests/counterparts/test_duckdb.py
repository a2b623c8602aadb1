"""Tables of frames, read by DuckDB over several recordings at once."""

import csv
import json
import subprocess
from pathlib import Path

import pytest

from stream.cli import main as stream_command

QUERY = """
import duckdb, json, sys
rows = duckdb.sql(f'''
    SELECT parse_filename(filename), count(*), sum((regions > 0)::INT), max(boxes[1].width),
           min(view.height)
    FROM read_parquet('{sys.argv[1]}/**/*.frames.parquet', filename = true)
    GROUP BY ALL ORDER BY 1
''').fetchall()
print(json.dumps(rows))
"""


def widest(out: Path, seed: int) -> int:
    """Width of the widest box, by `frames.csv`."""
    with (out / f"synthetic-{seed}.frames.csv").open(newline="") as file:
        return max(int(row["boxes"].split()[2]) for row in csv.DictReader(file))


def test_duckdb_sums_up_an_archive(counterpart: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="extra cluster")
    sources = [f"synthetic:?seed={seed}&seconds=1&fps={seed}&size=160x128" for seed in (5, 6)]
    words = ["process", *sources, "-o", str(tmp_path / "out"), "-w", "fixed:", "--no-report"]
    with pytest.raises(SystemExit) as ended:
        stream_command([*words, "--parquet", "--view", "8,8,120,100", "--preset", "ultrafast"])
    assert ended.value.code == 0
    done = subprocess.run(
        [str(counterpart), "-c", QUERY, str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [
        [f"synthetic-{seed}.frames.parquet", seed, seed, widest(tmp_path / "out", seed), 100]
        for seed in (5, 6)
    ]
