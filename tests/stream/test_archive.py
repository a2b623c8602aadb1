"""Many recordings into a folder: journal, resuming, failures, workers."""

import csv
import fcntl
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from stream.progress import Count
from stream.settings import ProcessSettings
from stream.source.file import open_file
from stream.task import Task
from stream.worker import Ended, Progressed
from stream.workers import Workers, core_shares

ROOT = Path(__file__).resolve().parents[2]

ENDLESS = "synthetic:?seconds=inf&size=64x64"

PATIENCE_S = 300
"""Enough for the busiest machine; nothing waits so long when all is well."""

SETTINGS = ProcessSettings(weights=("fixed:",), preset="ultrafast", report=False)


@pytest.fixture
def archive(tmp_path, record):
    """Three short recordings, one of them in a folder below."""
    folder = tmp_path / "in"
    (folder / "day 2").mkdir(parents=True)
    for name, frames in (("a.mp4", 4), ("b.mkv", 5), ("day 2/c.mp4", 6)):
        record(folder / name, frames=frames)
    return folder


@pytest.fixture
def out(tmp_path):
    """The folder of outputs, not made yet."""
    return tmp_path / "out"


def summary(out):
    """`summary.csv` by the names of the outputs."""
    with (out / "summary.csv").open(newline="") as file:
        return {row["output"]: row for row in csv.DictReader(file)}


def journal(out):
    """The records of the journal."""
    return [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]


def stamps(out):
    """When each annotated recording was written."""
    return {path.name: path.stat().st_mtime_ns for path in out.rglob("*.mp4")}


def test_a_folder_becomes_a_folder(archive, out, process, frames_in, files_in):
    ended = process(archive, "-o", out, "--no-report")
    assert ended.status == 0
    assert ended.printed == f"{out}\n"
    assert [name for name in files_in(out) if name.endswith(".mp4")] == [
        "a.mp4",
        "b.mp4",
        "day 2/c.mp4",
    ]
    assert frames_in(out / "day 2" / "c.mp4") == 6
    assert (out / "day 2" / "c.frames.csv").exists()
    rows = summary(out)
    assert {row["status"] for row in rows.values()} == {"finished"}
    assert rows["b.mp4"]["frames"] == rows["b.mp4"]["frames_with_polyp"] == "5"
    assert float(rows["b.mp4"]["fps"]) > 0
    assert "3 of 3 recordings processed, 15 frames, 0:00:01 of video" in ended.said


def test_one_recording_into_a_folder_that_is_there_goes_into_it(archive, out, process, frames_in):
    out.mkdir()
    assert process(archive / "a.mp4", "-o", out, "--container", "mkv").status == 0
    assert frames_in(out / "a.mkv") == 4


def test_a_single_folder_of_pictures_becomes_a_file(tmp_path, process, frames_in):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((48, 64, 3), 100, np.uint8))
    assert process(folder, "-o", tmp_path / "a.mp4").status == 0
    assert frames_in(tmp_path / "a.mp4") == 3


def test_recordings_of_the_same_name_are_kept_apart(tmp_path, out, record, process, frames_in):
    for name, frames in (("x/a.mp4", 2), ("y/a.mp4", 3), ("x/a.mkv", 4)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        record(tmp_path / name, frames=frames)
    words = [tmp_path / "x" / "a.mp4", tmp_path / "y", tmp_path / "x", "-o", out]
    assert process(*words).status == 0
    outputs = {row["recording"]: name for name, row in summary(out).items()}
    assert outputs == {
        str(tmp_path / "x" / "a.mp4"): "a.mp4",
        str(tmp_path / "y" / "a.mp4"): "a.2.mp4",
        str(tmp_path / "x" / "a.mkv"): "a.3.mp4",
    }
    assert [frames_in(out / name) for name in ("a.mp4", "a.2.mp4", "a.3.mp4")] == [2, 3, 4]


def test_names_of_all_kinds_go_through(tmp_path, out, record, process):
    folder = tmp_path / "in"
    folder.mkdir()
    record(tmp_path / "a.mp4", frames=2)
    names = {"[x].mp4", "new\nline.mp4", "-y.mp4", "a:b.mp4", "q' & \"<b>.mp4"}
    for name in names:
        (folder / name).write_bytes((tmp_path / "a.mp4").read_bytes())
    ended = process(folder, "-o", out)
    assert ended.status == 0
    assert {path.name for path in out.glob("*.mp4")} == names
    assert "\n[x].mp4 " in ended.said
    assert "\nnew line.mp4 " in ended.said


def test_a_name_that_is_no_text_is_kept_byte_for_byte(tmp_path, record):
    source, output = (tmp_path / os.fsdecode(name) for name in (b"caf\xe9.mp4", b"out\xe9.mp4"))
    record(tmp_path / "a.mp4", frames=1)
    (tmp_path / "a.mp4").rename(source)
    words = [sys.executable, "-m", "stream.cli", "process", source, "-o", output, "-w", "fixed:"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    assert ended.stdout == os.fsencode(output) + b"\n"
    page = output.with_suffix(".report.html").read_text()
    assert 'data-file="out%E9.mp4"' in page


def test_later_parts_of_a_recording_take_no_others_name(tmp_path, out, record, process, frames_in):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, size, frames in (("x", (64, 48), 3), ("y", (96, 80), 4)):
        times = range(90_000 * frames, 90_000 * frames + 3600 * frames, 3600)
        record(
            tmp_path / f"{name}.ts",
            size=size,
            time_base=Fraction(1, 90000),
            times=times,
            b_frames=0,
            container_options={"mpegts_copyts": "1"},
        )
    both = (tmp_path / "x.ts").read_bytes() + (tmp_path / "y.ts").read_bytes()
    (folder / "a.ts").write_bytes(both)
    record(folder / "a.part2.mp4", frames=5)
    for overwrite in ((), ("-y",)):
        assert process(folder, "-o", out, "--no-report", *overwrite).status == 0
        assert [frames_in(out / f"a{end}.mp4") for end in ("", ".part2", ".part2.2")] == [3, 4, 5]


def test_a_second_run_skips_what_is_finished_and_y_does_it_again(archive, out, process, record):
    assert process(archive, "-o", out).status == 0
    before = stamps(out)
    record(archive / "d.mp4", frames=2)
    ended = process(archive, "-o", out)
    assert ended.status == 0
    assert "3 of 4 were done by an earlier run" in ended.said
    after = stamps(out)
    assert {name: after[name] for name in before} == before
    assert len(after) == 4
    assert summary(out)["a.mp4"]["frames"] == "4"
    assert process(archive, "-o", out, "-y").status == 0
    assert all(stamps(out)[name] > stamp for name, stamp in after.items())


def test_what_has_changed_is_processed_again(archive, out, process, record, frames_in):
    assert process(archive, "-o", out).status == 0
    before = stamps(out)
    record(archive / "a.mp4", frames=7)
    (out / "b.mp4").unlink()
    assert process(archive, "-o", out).status == 0
    after = stamps(out)
    assert {name for name in after if after[name] != before[name]} == {"a.mp4", "b.mp4"}
    assert frames_in(out / "a.mp4") == 7
    assert process(archive, "-o", out, "--threshold", "0.4").status == 0
    assert all(stamps(out)[name] > stamp for name, stamp in after.items())


def test_one_that_fails_is_told_and_stops_no_other(archive, out, process, record):
    (archive / "b.mkv").write_text("no recording")
    ended = process(archive, archive / "none.mp4", "-o", out)
    assert ended.status == 1
    rows = summary(out)
    assert [rows[name]["status"] for name in ("a.mp4", "b.mp4", "day 2/c.mp4", "none.mp4")] == [
        "finished",
        "failed",
        "finished",
        "failed",
    ]
    assert "no recording that can be read" in rows["b.mp4"]["message"]
    assert "there is no such file" in rows["none.mp4"]["message"]
    assert "2 of 4 recordings processed, 2 failed" in ended.said
    assert ended.said.count("there is no such file") == 2  # at once, and at the end
    assert "Traceback" not in ended.said
    record(archive / "b.mkv", frames=5)
    assert process(archive, "-o", out).status == 0
    assert summary(out)["b.mp4"]["frames"] == "5"


def test_one_that_breaks_off_counts_as_processed_but_not_as_well(archive, out, process, record):
    path = archive / "a.mp4"
    record(path, frames=100, container_options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: round(0.7 * path.stat().st_size)])
    for _ in range(2):
        assert process(archive, "-o", out).status == 1
        row = summary(out)["a.mp4"]
        assert row["status"] == "broken off"
        assert f"all {row['frames']} frames" in row["message"]
    assert sum(record["status"] == "broken off" for record in journal(out)) == 1


def test_a_fault_of_the_program_is_in_the_journal_with_its_trace(
    archive, out, process, monkeypatch
):
    def fault(*arguments, **options):
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr("stream.task.process_recording", fault)
    ended = process(archive, "-o", out)
    assert ended.status == 1
    assert "Traceback" not in ended.said
    failed = [record for record in journal(out) if record["status"] == "failed"]
    assert len(failed) == 3
    assert "ZeroDivisionError" in failed[0]["message"]
    assert "Traceback" in failed[0]["trace"]


def test_an_output_that_nobody_here_wrote_is_left_alone(archive, out, process):
    out.mkdir()
    (out / "a.mp4").write_text("precious")
    for _ in range(2):
        assert process(archive, "-o", out).status == 1
        assert (out / "a.mp4").read_text() == "precious"
        assert "exists already" in summary(out)["a.mp4"]["message"]
    assert summary(out)["b.mp4"]["status"] == "finished"
    assert process(archive, "-o", out, "-y").status == 0


def test_outputs_inside_the_folder_of_recordings_are_not_read_again(archive, process):
    out = archive / "out"
    assert process(archive, "-o", out).status == 0
    assert process(archive, "-o", out).status == 0
    assert len(summary(out)) == 3


def test_redacted_outputs_tell_no_names(archive, out, process, files_in):
    (archive / "b.mkv").write_text("no recording")
    assert process(archive, "-o", out, "--redact", "--no-report").status == 1
    assert {name for name in files_in(out) if name.endswith(".mp4")} == {
        "recording.mp4",
        "recording.3.mp4",
    }
    for name in ("journal.jsonl", "summary.csv"):
        written = (out / name).read_text()
        assert str(archive) not in written
        assert "b.mkv" not in written
        assert "day 2" not in written
    assert process(archive, "-o", out, "--redact", "--no-report").status == 1
    started = [record for record in journal(out) if record["status"] == "started"]
    assert len(started) == 4  # the failed one twice


def test_a_torn_last_line_of_the_journal_is_told_and_passed_over(archive, out, process):
    assert process(archive, "-o", out).status == 0
    path = out / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    ended = process(archive, "-o", out)
    assert ended.status == 0
    assert "1 lines cannot be read" in ended.said
    assert "2 of 3 were done by an earlier run" in ended.said


def test_a_journal_cannot_lead_outputs_out_of_its_folder(archive, out, process, tmp_path):
    assert process(archive, "-o", out).status == 0
    path = out / "journal.jsonl"
    path.write_text(path.read_text().replace('"output": "a.mp4"', '"output": "../x/a.mp4"'))
    assert process(archive, "-o", out).status == 1  # whose a.mp4 is, nobody knows any more
    assert not (tmp_path / "x").exists()


def test_two_runs_do_not_write_to_the_same_folder(archive, out, process):
    out.mkdir()
    with (out / "journal.jsonl").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ended = process(archive, "-o", out)
    assert ended.status == 1
    assert "another run writes to it" in ended.complaint


WITHOUT_LOCKS = """
import sys
sys.modules["fcntl"] = None

from pathlib import Path, PurePosixPath
from stream.journal import Identity, Journal

for status in ("started", "finished"):
    with Journal(Path(sys.argv[1])) as journal:
        last = journal.last("a.mp4")
        print(last and last.status)
        journal.add(Identity("a.mp4", 0, 0, ""), PurePosixPath("a.mp4"), status, {})
"""


def test_a_system_without_such_locks_keeps_a_journal_all_the_same(out):
    words = [sys.executable, "-c", WITHOUT_LOCKS, out]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["None", "started"]


def test_a_folder_that_cannot_be_made_is_one_clear_line(archive, tmp_path, process):
    (tmp_path / "file").touch()
    ended = process(archive, "-o", tmp_path / "file")
    assert ended.status == 2
    assert "several recordings need a folder" in ended.complaint
    ended = process(archive, "-o", tmp_path / "file" / "out")
    assert ended.status == 1
    assert "cannot be written" in ended.complaint


def test_two_workers_do_what_one_does(archive, out, process, files_in):
    (archive / "b.mkv").write_text("no recording")
    ended = process(archive, "-o", out, "--workers", "2", "--no-report")
    assert ended.status == 1
    assert [row["status"] for row in summary(out).values()] == ["finished", "failed", "finished"]
    assert "2 of 3 recordings processed, 1 failed" in ended.said
    ended = process(archive, "-o", out, "--workers", "2", "--no-report")
    assert "2 of 3 were done by an earlier run" in ended.said


def test_a_worker_that_is_killed_costs_its_own_recording_alone(tmp_path, record):
    record(tmp_path / "short.mp4", frames=3)
    tasks = [
        Task(ENDLESS, tmp_path / "endless.mp4", overwrite=False),
        Task(str(tmp_path / "short.mp4"), tmp_path / "a.mp4", overwrite=False),
        Task(str(tmp_path / "short.mp4"), tmp_path / "b.mp4", overwrite=False),
    ]
    partial, ended, victim = tmp_path / "endless.partial.mp4", {}, None
    with Workers(tasks, SETTINGS, 2) as workers:
        for task, event in workers.events():
            if isinstance(event, Ended):
                ended[task.output.stem] = event.result
            grown = partial.exists() and partial.stat().st_size > 5_000
            if isinstance(event, Progressed) and grown and victim is None:
                children = multiprocessing.active_children()
                victim = next(child for child in children if child.name == "worker-0")
                victim.kill()
    assert ended["endless"].status == "failed"
    assert "was ended by SIGKILL" in ended["endless"].message
    assert ended["a"].status == ended["b"].status == "finished"
    assert ended["a"].count == Count(3, 3, 0, 0.12)
    assert multiprocessing.active_children() == []
    with open_file(partial) as source:
        assert sum(1 for _ in source) > 0


def children_of(pid):
    """Processes that a process has started and that still run."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_running(pid):
    """Whether a process is there and not only waits to be forgotten."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_archive_that_is_ended_leaves_no_process_and_goes_on_later(
    start, archive, out, process, number
):
    words = ("-w", "fixed:", "--preset", "ultrafast", "--view", "full", "--no-report")
    inputs = (archive / "a.mp4", ENDLESS, f"{ENDLESS}&seed=8")
    child = start("process", *inputs, "-o", out, "--workers", "2", *words)
    partials = [out / "synthetic-7.partial.mp4", out / "synthetic-8.partial.mp4"]
    until = time.monotonic() + PATIENCE_S
    while not all(path.exists() and path.stat().st_size > 5_000 for path in partials):
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.1)
    workers = children_of(child.pid)
    if number == signal.SIGINT:
        os.killpg(child.pid, number)  # as Ctrl-C in a terminal: everyone gets it
    else:
        child.send_signal(number)
    _, said = child.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in said
    if number == signal.SIGINT:
        assert child.returncode == 130
        last = said.splitlines()[-1]
        assert all(str(path) in last for path in partials)
        assert "1 of 3 recordings are done: the same command does the rest" in last
    while any(is_running(pid) for pid in workers):  # the tracker of resources is the last
        assert time.monotonic() < until
        time.sleep(0.1)
    for path in partials:
        with open_file(path) as source:
            assert sum(1 for _ in source) > 0
            assert source.broken_off is None or number == signal.SIGKILL
    ended = process(archive / "a.mp4", archive / "b.mkv", "-o", out, *words[4:])
    assert ended.status == 0
    assert "1 of 2 were done by an earlier run" in ended.said


def test_cores_are_shared_out_equally():
    cores = os.sched_getaffinity(0)
    for workers in range(1, 2 * len(cores) + 1):
        shares = core_shares(workers)
        assert len(shares) == workers
        assert set().union(*shares) == cores
        sizes = [len(share) for share in shares]
        assert max(sizes) - min(sizes) <= 1
