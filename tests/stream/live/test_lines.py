"""A live run in lines: for people, dated; for programs, JSON that holds every figure."""

import json
from dataclasses import asdict
from datetime import datetime

from stream.live.lines import Lines
from stream.stats import LiveFigures, RecorderFigures, RoomFigures, Spread, WindowFigures

ROOM = RoomFigures(
    name="/dev/video0",
    state="LIVE",
    given="1920x1080 mjpeg 30 fps",
    captured=300,
    shown=298,
    capture_fps=30.0,
    inference_fps=21.5,
    display_fps=29.8,
    dropped={"ring full": 2},
    mask_age_s=0.064,
    latency=Spread(0.071, 0.09, 0.098, 0.12),
    sightings=1,
    recorder=RecorderFigures(recording=True, lag_s=0.25, recorded=120, lost={"queue was full": 3}),
    window=WindowFigures(painted=290, passed_over=8, delay=Spread(0.02, 0.03, 0.041, 0.05)),
)
OFF = RoomFigures(name="/dev/video1", state="NO SIGNAL", notice="AI OFF - NO SIGNAL")


def figures(seconds):
    return LiveFigures(seconds, "fixed:, no networks", 0.03, (ROOM, OFF))


def test_every_few_seconds_each_source_has_a_dated_line(capsys):
    lines = Lines(as_json=False)
    for second in range(1, 11):
        lines.show(figures(float(second)))
    printed, said = capsys.readouterr()
    assert printed == ""
    said = said.splitlines()
    assert len(said) == 4
    stamp, words = said[0].split(" ", 1)
    assert datetime.fromisoformat(stamp).tzinfo is not None
    assert words == (
        "/dev/video0: LIVE 1920x1080 mjpeg 30 fps; 30.0 captured, 29.8 shown, 21.5 inferred a "
        "second; mask 64 ms; delay 71 ms, p99 98 ms; dropped 2 ring full; 1 seen; "
        "120 recorded, 3 lost, 0.2 s behind"
    )
    assert "/dev/video1: NO SIGNAL; 0.0 captured" in said[1]
    assert "AI OFF - NO SIGNAL" in said[1]


def test_the_end_says_what_became_of_all_frames(capsys):
    Lines(as_json=False).end(figures(10.0))
    first, second = capsys.readouterr().err.splitlines()
    assert "300 frames captured = 298 shown + 2 dropped (2 ring full)" in first
    assert "window 290 painted, 8 passed over, p99 41 ms" in first
    assert "0 frames captured = 0 shown + 0 dropped;" in second


def test_json_has_every_figure_of_every_second(capsys):
    lines = Lines(as_json=True)
    for second in (1.0, 2.0):
        lines.show(figures(second))
    lines.end(figures(2.5))
    printed, said = capsys.readouterr()
    read = [json.loads(line) for line in printed.splitlines()]
    assert [line["running_s"] for line in read] == [1.0, 2.0, 2.5]
    assert datetime.fromisoformat(read[0].pop("time"))
    assert read[0] == json.loads(json.dumps(asdict(figures(1.0))))
    assert "300 frames captured" in said
