"""The dashboard's lines: everything that is asked for, at every size, whatever the figures."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from stream.health import State
from stream.live.dashboard.layout import screen
from stream.live.dashboard.log import Log
from stream.stats import LiveFigures, MachineFigures, RecorderFigures, RoomFigures, Spread
from tests.stream.live.dashboard.figures import DARK, MACHINE, RECORDER, WELL, run

SIZES = [(80, 24), (200, 60)]


def drawn(figures, width, height, log=None, **how):
    """The lines of a screen as text."""
    return [line.plain for line in screen(figures, log or Log(), width, height, **how)]


def written(figures, width=80, height=24, **how):
    return "\n".join(drawn(figures, width, height, **how))


@pytest.mark.parametrize("size", SIZES)
def test_a_source_says_everything_of_itself(size):
    text = written(run(), *size, time="14:02:11")
    for said in (
        "running 1:03:20", "14:02:11", "compact, CPU", "38 ms a batch",
        "LIVE 1:02:03", "/dev/video0", "1920x1080 mjpeg 29.97 fps",
        "captured  29.9", "inferred  21.4", "shown  29.7", "recorded  29.8",
        "12 of 108,000: 9 ring full, 3 engine too slow",
        "64 ms old", "2 polyps seen",
        "p50   71", "p95   90", "p99   98", "max  120 ms", "max   13 ms",
        "engine 2 frames (30,000 passed over)", "recorder 12 MB",
        "0.4 s behind", "disk 5.2 h", "5,000 of 5,000 frames", "none lost",
        "publishing   29.6 fps   17 dropped   rtsp://***@media/one",
        "3 look at it",
        "CPU 34 % of 2 cores", "memory 3.1 of 16 GB", "program 0.46 cores, 1.2 GB",
        "NVIDIA H200  56 % used  memory 12.0 of 141 GB  1980 MHz  54 °C",
    ):  # fmt: skip
        assert said in text
    assert "…" not in text
    assert "▁" in text or "█" in text


def test_a_large_terminal_draws_the_curve_large_with_its_scale():
    small, large = (drawn(run(), *size) for size in SIZES)
    assert sum("█" in line for line in small) == 1
    assert sum("█" in line for line in large) > 3
    assert any(line.strip().startswith("119 ms") for line in large)


@pytest.mark.parametrize("size", SIZES)
def test_several_sources_all_show_their_state_delay_and_rates(size):
    rooms = [WELL, DARK, WELL, RoomFigures("/dev/video3", "RECONNECTING")]
    text = written(run(*rooms), *size)
    assert text.count("LIVE 1:02:03") == 2
    assert "NO SIGNAL 0:35" in text and "AI OFF - NO SIGNAL" in text
    assert "RECONNECTING 0:00" in text
    assert ("71/90/98/120 ms" in text) or ("p99   98" in text)


def test_two_cards_stand_side_by_side_where_there_is_room():
    (line,) = (line for line in drawn(run(WELL, DARK), 200, 60) if "/dev/video0" in line)
    assert "rtsp://***@10.0.0.7/two" in line


def test_many_sources_become_a_table():
    text = written(run(*[WELL] * 10))
    assert text.count("/dev/video0") == 10
    assert "p99" in text and "drops" in text


def test_where_not_all_sources_fit_those_in_need_come_first():
    lost = RoomFigures("/dev/video8", "LIVE", recorder=RECORDER)
    lines = drawn(run(*[lost] * 30, DARK), 80, 24)
    assert any("NO SIGNAL" in line for line in lines)
    assert any("more: a higher terminal shows them" in line for line in lines)


def test_nothing_measured_is_a_dash_and_not_a_zero():
    text = written(run(RoomFigures("new", "CONNECTING"), machine=MachineFigures()))
    assert "p50    -" in text
    assert "machine" not in text and "GPU" not in text
    assert "recording  off" in text


def test_alarms_have_a_ground_of_their_own_and_stand_in_words():
    losing = RoomFigures(
        "a", "LIVE", recorder=RecorderFigures(recording=True, lost={"queue was full": 7})
    )
    low = RoomFigures("b", "LIVE", recorder=RecorderFigures(recording=True, disk_minutes=4.0))
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, color_system="standard")
    for line in screen(run(losing, low, DARK), Log(), 80, 60):
        console.print(line, end="\n")
    text = file.getvalue()
    for said in (" NO SIGNAL 0:35 ", " AI OFF - NO SIGNAL ", "7 frames lost", "4 min"):
        before = text[: text.index(said)]
        assert before.endswith("\x1b[1;37;41m")  # bold white on red


def test_warnings_stay_when_other_lines_have_come_since():
    log = Log()
    log.add("the disk lasts 9 minutes more: free some space, or stop soon")
    for number in range(50):
        log.add(f"event {number}")
    warnings = ["the disk lasts 9 minutes more: free some space, or stop soon"]
    text = written(run(warnings=warnings), log=log)
    assert "! the disk lasts 9 minutes more" in text
    assert "event 49" in text


def test_the_same_line_again_and_again_is_one():
    log = Log()
    for _ in range(12):
        log.add("/dev/video3: RECONNECTING: no such device")
    assert "no such device (12 times)" in written(run(), log=log)
    assert len(log.entries) == 1


def test_a_name_cannot_steer_the_terminal():
    evil = RoomFigures("a\x1b[2J\x07b\r\n", "LIVE", given="\x1b]0;title\x07")
    log = Log()
    log.add("x\x1b[31my")
    for rooms in ([evil], [evil] * 4, [evil] * 12):
        text = written(run(*rooms), log=log)
        assert all(line.isprintable() for line in text.splitlines())


def test_a_terminal_that_knows_no_blocks_gets_plain_signs():
    figures = run(warnings=["a"])
    assert all(written(figures, *size, plain=True).replace("°", "").isascii() for size in SIZES)


numbers = st.floats(0, 1e9, allow_nan=False)
spreads = st.builds(Spread, numbers, numbers, numbers, numbers)
rooms = st.builds(
    RoomFigures,
    name=st.text(max_size=90),
    state=st.sampled_from([str(state) for state in State]),
    given=st.text(max_size=40),
    seconds=numbers,
    captured=st.integers(0, 10**12),
    capture_fps=numbers,
    dropped=st.dictionaries(st.text(max_size=20), st.integers(0, 10**9), max_size=4),
    mask_age_s=st.none() | numbers,
    notice=st.sampled_from(["", "AI OFF - late"]),
    latency=spreads,
    latency_curve=st.lists(numbers, max_size=60).map(tuple),
    recorder=st.none() | st.just(RECORDER),
    publisher=st.none() | st.just(WELL.publisher),
)


@given(
    rooms=st.lists(rooms, min_size=1, max_size=12),
    width=st.integers(1, 260),
    height=st.integers(1, 80),
    lines=st.lists(st.text(max_size=200), max_size=8),
    machine=st.sampled_from([MACHINE, MachineFigures()]),
    plain=st.booleans(),
)
def test_a_screen_is_filled_exactly_whatever_is_on_it(rooms, width, height, lines, machine, plain):
    log = Log()
    for line in lines:
        log.add(line)
    figures = LiveFigures(1.0, "starting", 0.0, tuple(rooms), machine, tuple(lines[:2]))
    made = screen(figures, log, width, height, time="12:00:00", limit_s=0.25, plain=plain)
    assert len(made) == height
    assert {line.cell_len for line in made} == {width}
