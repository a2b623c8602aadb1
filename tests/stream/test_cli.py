"""How commands are understood, and how they end."""

import json
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import av
import pytest

from stream import cli
from stream.source.file import open_file

ROOT = Path(__file__).resolve().parents[2]

ENDLESS = "synthetic:?seconds=inf&size=64x64"

PATIENCE_S = 300
"""Enough for the busiest machine; nothing waits so long when all is well."""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["process", "a.mp4", "-o", "b.mp4", "--crff", "3"], "Did you mean --crf?"),
        (["process", "a.mp4", "-o", "b.mp4", "--crf", "x"], "--crf"),
        (["process", "a.mp4", "-o", "b.mp4", "--codec", "mpeg9"], "ffv1"),
        (["process", "a.mp4"], "--output"),
        (["process", "-o", "b.mp4"], "INPUT"),
        (["proces"], 'Did you mean "process"?'),
        (["process", "a.mp4", "-o", "b.mp4", "--workers", "0"], "workers"),
        (["process", "a.mp4", "-o", "b.mp4", "--view", "left"], "x,y,width,height"),
        (["process", "a.mp4", "-o", "b.mp4", "--preset", "quick"], "veryfast"),
        (["process", "a.mp4", "-o", "b.mp4", "--crf", "9", "--bitrate", "9"], "exclude each other"),
        (["process", "a.mp4", "-o", "b.mp4", "--config", "none.yaml"], "none.yaml"),
        (["process", "a.mp4", "b.mp4", "-o", "c.mp4"], "name a folder"),
        (["process", "synthetic:?sed=7", "-o", "b.mp4"], "did you mean seed?"),
        (["demo", "--seconds", "0", "-o", "never"], "--seconds"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else "",
)
def test_a_command_that_makes_no_sense_is_one_line_and_status_2(
    command, monkeypatch, tmp_path, words, said
):
    monkeypatch.chdir(tmp_path)
    ended = command(*words)
    assert ended.status == 2
    assert said in ended.complaint
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_the_program_is_one_line_and_its_trace_on_request(
    process, record, tmp_path, monkeypatch
):
    def fault(*arguments, **options):
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr("stream.task.process_recording", fault)
    record(tmp_path / "a.mp4", frames=1)
    ended = process(tmp_path / "a.mp4", "-o", tmp_path / "b.mp4")
    assert ended.status == 1
    assert "ZeroDivisionError: two lines" in ended.complaint
    assert "--debug" in ended.complaint
    ended = process("--debug", tmp_path / "a.mp4", "-o", tmp_path / "b.mp4")
    assert ended.status == 1
    assert "Traceback" in ended.said


def test_the_output_is_printed_and_nothing_else(process, record, tmp_path, frames_in, files_in):
    record(tmp_path / "a.mp4", frames=12)
    (tmp_path / "out").mkdir()
    output = tmp_path / "out" / "b.mp4"
    ended = process(tmp_path / "a.mp4", "-o", output, "--crf", "30")
    assert ended.status == 0
    assert ended.printed == f"{output}\n"
    assert "12 frames in" in ended.said
    assert frames_in(output) == 12
    assert {"b.mp4", "b.frames.csv", "b.settings.yaml"} <= set(files_in(tmp_path / "out"))
    assert "crf: 30" in (tmp_path / "out" / "b.settings.yaml").read_text()


def test_probe_tells_what_arrives(command, record, tmp_path):
    record(tmp_path / "a.mp4", frames=12)
    ended = command("probe", tmp_path / "a.mp4")
    assert ended.status == 0
    assert "64x48 yuv420p" in ended.printed
    assert "25.000 fps" in ended.printed
    assert command("probe", tmp_path / "none.mp4").status == 1


def test_probe_saves_a_still_and_replaces_nothing(command, record, tmp_path):
    record(tmp_path / "a.mp4", frames=1)
    still = tmp_path / "still.png"
    assert command("probe", tmp_path / "a.mp4", "--still", still).status == 0
    before = still.read_bytes()
    ended = command("probe", tmp_path / "a.mp4", "--still", still)
    assert ended.status == 1
    assert "exists already" in ended.complaint
    assert still.read_bytes() == before


def test_synth_writes_a_video_with_its_truth(command, tmp_path, frames_in):
    output = tmp_path / "a.mp4"
    ended = command("synth", "-o", output, "--size", "64x64", "--seconds", "0.2")
    assert ended.status == 0
    assert ended.printed.splitlines() == [str(output), str(tmp_path / "a.masks.mp4")]
    assert frames_in(output) == frames_in(tmp_path / "a.masks.mp4") == 5


def test_the_demo_compares_its_masks_with_the_truth(command, tmp_path, frames_in):
    ended = command("demo", "-o", tmp_path, "--seconds", "0.08", "-w", "fixed:")
    assert ended.status == 0
    assert "Dice against the ground truth" in ended.printed
    assert frames_in(tmp_path / "annotated.mp4") == 2


def test_version_and_help_end_well(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert command("--version").printed.strip() == version("divergentnets")
    shown = command("process", "--help")
    assert shown.status == 0
    assert "--debug" in shown.printed
    assert all(len(line) <= 80 for line in shown.printed.splitlines())
    assert "tables of what was found in every \nframe." in shown.printed  # flows to 80 columns
    for option in ("--output", "--weights", "--workers", "--redact", "--overwrite"):
        assert option in shown.printed


IMPORTED = """
import json, sys
from stream.cli import main

heavy = {"torch", "segmentation_models_pytorch", "timm", "cv2", "av", "numpy", "openvino"}
found = []
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as ended:
        found.append([ended.code, sorted(heavy & sys.modules.keys())])
print(json.dumps(found))
"""


def test_starting_is_quick_because_little_is_imported(record, tmp_path):
    recording, output = tmp_path / "a.mp4", tmp_path / "b.mp4"
    record(recording, frames=3)
    commands = [
        ["--help"],
        ["process", "--help"],
        ["probe", str(recording)],
        ["process", str(recording), "-o", str(output), "-w", "fixed:"],
    ]
    ended = subprocess.run(
        [sys.executable, "-c", IMPORTED, json.dumps(commands)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    help_, process_help, probe, fixed = json.loads(ended.stdout.splitlines()[-1])
    assert help_ == process_help == [0, []]
    slow = {"torch", "segmentation_models_pytorch", "timm", "openvino"}
    assert probe[0] == fixed[0] == 0
    assert not slow & set(probe[1])
    assert not slow & set(fixed[1])


def wait_for(path, bytes_, child):
    """Wait until a file has grown to so many bytes."""
    until = time.monotonic() + PATIENCE_S
    while not path.exists() or path.stat().st_size < bytes_:
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_recording_is_closed_and_named(start, tmp_path, number, status):
    partial = tmp_path / "a.partial.mp4"
    words = ("-w", "fixed:", "--preset", "ultrafast", "--view", "full")
    child = start("process", ENDLESS, "-o", tmp_path / "a.mp4", *words)
    wait_for(partial, 10_000, child)
    child.send_signal(number)
    _, said = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == status
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    assert last.startswith("divergent-stream: interrupted")
    assert str(partial) in last
    with open_file(partial) as source:
        count = sum(1 for _ in source)
        assert source.broken_off is None
    assert count > 0
    assert not (tmp_path / "a.mp4").exists()
    assert not (tmp_path / "a.frames.csv").exists()


SLOW_TO_CLOSE = """
import time
from stream.interruption import interruptible

with interruptible():
    try:
        print("ready", flush=True)
        time.sleep(300)
    finally:
        print("closing", flush=True)
        time.sleep(300)
"""


def test_an_interruption_before_signals_are_heeded_is_one_line(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "interruptible", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "divergent-stream: interrupted\n"


def test_a_second_interruption_ends_at_once():
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW_TO_CLOSE], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "closing\n"
        child.send_signal(signal.SIGINT)
        assert child.wait(PATIENCE_S) == 130


@pytest.mark.parametrize(
    "problem",
    [MemoryError(), av.error.MemoryError(12, "x"), RuntimeError("can't start new thread")],
)
def test_too_little_memory_is_one_clear_line(tmp_path, command, monkeypatch, problem):
    def fail(*_, **__):
        raise problem

    monkeypatch.setattr("stream.commands.process", fail)
    ended = command("process", "a.mp4", "-o", tmp_path / "b.mp4")
    assert ended.status == 1
    assert "memory does not suffice" in ended.complaint
    assert "fault of the program" not in ended.said
