"""The page that the GPU's benchmark writes. Needs no GPU."""

import subprocess
import sys

import pytest

from tests.bench.gpu import goals, markdown, page_name

TIMES = {"p50_ms": 2.0, "p95_ms": 3.0, "p99_ms": 4.0, "max_ms": 20.0}


def figures(**changed):
    found = {
        "machine": {
            "gpu": "NVIDIA Example 9000", "gpu_memory_gib": 80.0, "processor": "A processor",
            "cores": 16, "python": "3.12", "torch": "2.15", "cuda": "13.2",
        },
        "engine": {"weights": "random-paper", "runs_on": "NVIDIA Example 9000, PyTorch f16"},
        "rates": {"arithmetic": "f16", "flop_per_second": 7e14, "bytes_per_second": 4e12},
        "batches": [
            {"batch": 1, "pictures_per_second": 400.0, "share_of_matrix_rate": 0.2, **TIMES},
            {"batch": 16, "pictures_per_second": 900.0, "share_of_matrix_rate": 0.4, **TIMES},
        ],
        "paced": [
            {"fps": 60.0, "rooms": 1, "shown": 100, "skipped": 0, **TIMES},
            {"fps": 60.0, "rooms": 4, "shown": 100, "skipped": 1, **TIMES},
        ],
        "flat_out": {"share": 0.9},
        "authors": {"baseline": "NCHW", "NCHW_ms": 50.0},
        "variants": {
            "as it runs": {"arithmetic": "f16", "ready_s": 20.0, "batch_1": TIMES},
            "compiled": {"left_out": "no time was left"},
        },
    }  # fmt: skip
    return found | changed


def test_the_page_names_the_device_its_versions_and_what_was_not_measured():
    page = markdown(figures(), "2026-01-02")
    for told in (
        "NVIDIA Example 9000",
        "torch 2.15",
        "cuda 13.2",
        "2026-01-02",
        "700 TFLOP/s in f16",
        "| 16 | 2.00 | 3.00 | 4.00 | 20.00 | 900 | 40% | – |",
        "| compiled | no time was left | – | – | – |",
    ):
        assert told in page
    assert page_name("NVIDIA Example 9000") == "nvidia-example-9000.md"


@pytest.mark.parametrize(
    ("what", "measured", "reached"),
    [
        ("batch 1, p99", "4 ms", True),
        ("best batch (16)", "900 frames/s", True),
        ("4 rooms of 1080p60, oldest mask", "20 ms", True),
        ("offline 1080p, of `fixed:`", "0.9", False),
        ("throughput, of the authors' way", "45", True),
    ],
)
def test_every_goal_is_held_against_its_figure(what, measured, reached):
    (row,) = [row for row in goals(figures()) if row[0] == what]
    assert row[2:] == (measured, reached)


def test_without_a_gpu_the_command_says_so_in_one_line_and_is_no_failure():
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.gpu"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0
    assert ended.stdout.splitlines() == [
        "skipped: no CUDA device here, so neither the GPU's tests nor its benchmark were run"
    ]
