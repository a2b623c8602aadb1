"""Bars on a terminal, dated lines without one."""

import io
import re

import pytest
from rich.console import Console

from stream import progress
from stream.progress import Count, Reporter


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when the test says so: `clock(2.5)`."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def advance(seconds):
        now[0] += seconds

    return advance


def on_terminal(width=80):
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=24, no_color=True)


def test_without_a_terminal_lines_are_dated_and_rare(capsys, clock):
    with Reporter(Console(file=io.StringIO())) as reporter:
        report = reporter.begin("case.mp4", 1000)
        for frames in range(1, 101):
            clock(0.125)
            report.update(Count(frames, frames // 2, 3, frames / 25))
        report.end()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2  # after 5 s and after 10 s
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d case\.mp4: ", lines[0])
    assert lines[0].endswith("4%, 8.0 fps, 0.3x, 0:02:00 left, 3 sightings")
    assert lines[1].endswith("8%, 8.0 fps, 0.3x, 0:01:55 left, 3 sightings")


def test_a_recording_of_unknown_length_counts_frames(capsys, clock):
    with Reporter(Console(file=io.StringIO())) as reporter:
        report = reporter.begin("stream", None)
        clock(10)
        report.update(Count(50, 0, 0, 2.0))
    assert (
        capsys.readouterr().err.rstrip().endswith("stream: 50 frames, 5.0 fps, 0.2x, no sightings")
    )


def test_several_recordings_are_summed_up(capsys, clock):
    with Reporter(Console(file=io.StringIO())) as reporter:
        reporter.expect(2, 400.0)
        first = reporter.begin("a", 10, 100.0)
        second = reporter.begin("b", 10, 300.0)
        clock(40)
        first.update(Count(10, 4, 1, 0.4))
        first.end()
        second.update(Count(5, 2, 1, 0.2))
        clock(40)
        second.update(Count(9, 2, 2, 0.4))
    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert "0 of 2 done: 25%, 0.2 fps, 0.0x, 0:02:00 left, 1 sighting" in lines
    assert "1 of 2 done: 92%, 0.2 fps, 0.0x, 0:00:06 left, 3 sightings" in lines


def test_one_that_fails_at_once_tells_nothing_of_what_is_left(capsys, clock):
    with Reporter(Console(file=io.StringIO())) as reporter:
        reporter.expect(2, 1001.0)
        clock(40)
        reporter.begin("broken", None, 1.0).end()
        whole = reporter.begin("whole", 100, 1000.0)
        clock(40)
        whole.update(Count(25, 0, 0, 1.0))
    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert "1 of 2 done: 0%, 0.0 fps" in lines
    assert "1 of 2 done: 25%, 0.3 fps, 0.0x, 0:04:00 left, no sightings" in lines


def test_the_bars_fit_80_columns(clock):
    console = on_terminal()
    with Reporter(console) as reporter:
        reporter.expect(12, 12.0)
        report = reporter.begin("a-very-long-name-of-a-recording-from-room-3", 45_000)
        clock(100)
        report.update(Count(12_345, 6_789, 12, 493.8))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())
    lines = shown.replace("\r", "\n").splitlines()
    assert max(map(len, lines)) <= 80
    (bar,) = {line for line in lines if "a-very" in line and "27%" in line}
    assert "123.5 fps" in bar
    assert "4.9x" in bar
    assert "0:04:25 left" in bar
    assert "12 sightings" in bar
    assert any(line.startswith("0 of 12 done") for line in lines)


def test_a_line_stands_above_the_bars_as_it_is(clock):
    console = on_terminal()
    with Reporter(console) as reporter:
        reporter.begin("a", 10)
        reporter.say("[bold]no markup[/bold] " + "x" * 100)
    assert "[bold]no markup[/bold] " + "x" * 100 in console.file.getvalue().replace("\n", "")
